import { clampsMore } from "../commands/abilities-of-fields.ts";
import { lookUp } from "../commands/look-up.ts";
import { type Buffer, placedFields } from "../lowering/lowering.ts";
import { spanOf } from "../region.ts";
import type { NodeDraft } from "./draft.ts";
import { NodeRefusal } from "./node-refusal.ts";

const [least, greatest] = [-128, 127];

/** Bytes of a buffer, and the range that their integers are to be clamped to. */
interface Clamp {
  readonly buffer: Buffer;
  readonly low: number;
  readonly high: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Commands for an array that clamps results to nothing less than int8: those that would, leave it to a look-up in place behind them. Commands one after
 * the other that write parts of one value share the look-up.
 */
export function clampApart(commands: readonly NodeDraft[]): readonly NodeDraft[] {
  const result: NodeDraft[] = [];
  let open: Clamp | undefined;
  for (const [at, command] of commands.entries()) {
    const clamp = clampOf(command);
    if (clamp === undefined) {
      result.push(command);
      continue;
    }
    result.push({ ...command, fields: { ...command.fields, low: least, high: greatest } });
    open = open ? united(open, clamp) : clamp;
    const next = commands[at + 1] && clampOf(commands[at + 1]);
    if (next && isSame(open, next)) continue;
    result.push(lookUpOf(open, command));
    open = undefined;
  }
  return result;
}

function clampOf({ kind, fields, node }: NodeDraft): Clamp | undefined {
  const { output } = fields;
  const numbers = placedFields(fields, ({ offset }) => offset);
  if (typeof output === "number" || !clampsMore(numbers)) return undefined;
  const { low, high, resultBytes } = numbers;
  if (resultBytes === 2)
    throw new NodeRefusal(node, "npu.no-activation", "the array clamps no results of 16 bits", "use int8");
  const [region] = kind.writes(numbers);
  return { buffer: output.buffer, low, high, start: region.address, end: region.address + spanOf(region) };
}

function isSame(a: Clamp, b: Clamp): boolean {
  return a.buffer === b.buffer && a.low === b.low && a.high === b.high;
}

function united(a: Clamp, b: Clamp): Clamp {
  return { ...a, start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

function lookUpOf({ buffer, low, high, start, end }: Clamp, { node }: NodeDraft): NodeDraft {
  const contents = Uint8Array.from({ length: 256 }, (_, at) => Math.max(low, Math.min(high, at - 128)));
  const place = { buffer, offset: start };
  const table = { buffer: { name: `${node.name} clamp`, bytes: contents.length, contents }, offset: 0 };
  return { kind: lookUp, fields: { input: place, output: place, length: end - start, resultBytes: 1, table }, node };
}
