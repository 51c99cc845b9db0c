import { awaitTransfers, oneRun, transfer } from "../commands/transfer.ts";
import type { Buffer, Draft, Place } from "../lowering/lowering.ts";
import { type Constants, constantsOf } from "./constants.ts";
import type { NodeDraft } from "./draft.ts";

interface Copy {
  readonly from: Place;
  readonly to: Buffer;
}

/** Which constants are copied when. */
export interface CopyPlan {
  /** Before which command the copies for one begin; the copies of all begin in the order of their use. */
  startOf(use: number): number;
  /** Constants that are in memory all the while instead. */
  readonly resident: ReadonlySet<Buffer>;
}

/** Has the constants of commands copied to memory before they are read, and the commands read them there. */
export function stageConstants(
  commands: readonly NodeDraft[],
  { offsets }: Constants,
  alignment: number,
  { startOf, resident }: CopyPlan,
): readonly NodeDraft[] {
  const started = commands.map((): NodeDraft[] => []);
  const used: NodeDraft[][] = [];
  let transfers = 0;
  commands.forEach((command, use) => {
    const copies = copiesOf(command, offsets, alignment, resident);
    const start = copies.length === 0 ? use : startOf(use);
    const { node } = command;
    for (const { from, to } of copies) {
      const fields = { from, to: { buffer: to, offset: 0 }, bytes: to.bytes, ...oneRun };
      started[start].push({ kind: transfer, fields, node });
    }
    transfers += copies.length;
    const wait: NodeDraft[] = copies.length === 0 ? [] : [{ kind: awaitTransfers, fields: { transfers }, node }];
    used.push([...wait, readingCopies(command, copies, offsets, resident)]);
  });
  return commands.flatMap((_, index) => [...started[index], ...used[index]]);
}

/** A copy for each run of constants that lie one after the other. */
export function copiesOf(
  command: NodeDraft,
  offsets: ReadonlyMap<Buffer, number>,
  alignment: number,
  resident: ReadonlySet<Buffer>,
): readonly Copy[] {
  const copied = new Set(constantsOf(command).filter((buffer) => !resident.has(buffer)));
  const constants = [...copied].sort((a, b) => offsets.get(a)! - offsets.get(b)!);
  const runs: { readonly first: Buffer; end: number }[] = [];
  for (const buffer of constants) {
    const start = offsets.get(buffer)!;
    const run = runs.at(-1);
    if (run && Math.ceil(run.end / alignment) * alignment === start) run.end = start + buffer.bytes;
    else runs.push({ first: buffer, end: start + buffer.bytes });
  }
  return runs.map(({ first, end }) => ({
    from: { buffer: first, offset: 0 },
    to: { name: `${first.name} copy`, bytes: end - offsets.get(first)! },
  }));
}

/** The command with the places of what was copied in the place of its constants. */
function readingCopies(
  command: NodeDraft,
  copies: readonly Copy[],
  offsets: ReadonlyMap<Buffer, number>,
  resident: ReadonlySet<Buffer>,
): NodeDraft {
  const moved = (place: Place): Place => {
    const at = offsets.get(place.buffer);
    if (at === undefined || resident.has(place.buffer)) return place;
    const copy = copies.findLast(({ from }) => offsets.get(from.buffer)! <= at)!;
    return { buffer: copy.to, offset: at - offsets.get(copy.from.buffer)! + place.offset };
  };
  const fields = Object.entries(command.fields).map(([name, field]) => [
    name,
    typeof field === "number" ? field : moved(field),
  ]);
  return { ...command, fields: Object.fromEntries(fields) as Draft["fields"] };
}
