import type { Node } from "@millrace/ir";
import { chainFields, chainOf } from "../commands/chain.ts";
import { cyclesOf } from "../commands/command.ts";
import { type Buffer, placedFields } from "../lowering/lowering.ts";
import { isAble, type Machine, type Overheads } from "../machine.ts";
import { spanOf } from "../region.ts";
import { buffersOf, type NodeDraft } from "./draft.ts";
import { isWrittenBetween, type Uses, usesOf } from "./uses.ts";

/** Places in the list of the commands that become one, and what they become. */
interface Chain {
  readonly members: readonly number[];
  readonly draft: NodeDraft;
}

/**
 * Commands of which one takes all results of another, that nobody else needs, as one where the machine has the units for that and it takes fewer
 * cycles. `kept` are the buffers that are needed after the last command; commands of nodes of `apart` are left as they are. A chain takes the place of its
 * last command.
 */
export function chainCommands(
  commands: readonly NodeDraft[],
  kept: ReadonlySet<Buffer>,
  machine: Machine,
  overheads: Overheads,
  apart: ReadonlySet<Node>,
): readonly NodeDraft[] {
  const uses = usesOf(commands);
  const result: (NodeDraft | undefined)[] = [...commands];
  for (const [at, command] of commands.entries()) {
    let chain: Chain | undefined =
      result[at] === command && !apart.has(command.node) ? { members: [at], draft: command } : undefined;
    while (chain) {
      const next = followerOf(chain.members, commands, uses, kept);
      const longer = next === undefined ? undefined : joined(chain, next, commands, machine, overheads);
      if (longer) for (const member of longer.members) result[member] = member === next ? longer.draft : undefined;
      chain = longer;
    }
  }
  return result.filter((draft) => draft !== undefined);
}

/** The command that takes all that the last of some gives, and is the only one to need it or puts its own results in its place. */
function followerOf(
  members: readonly number[],
  commands: readonly NodeDraft[],
  uses: Uses,
  kept: ReadonlySet<Buffer>,
): number | undefined {
  const { kind, fields } = commands[members[members.length - 1]];
  const { output } = fields;
  if (output === undefined || typeof output === "number" || output.offset > 0) return undefined;
  const { buffer } = output;
  const [region] = kind.writes(placedFields(fields, ({ offset }) => offset));
  const list = uses.users.get(buffer)!;
  const own = list.findIndex((at) => !members.includes(at));
  const next = list[own];
  if (own < 1 || region.address !== 0 || spanOf(region) !== buffer.bytes) return undefined;
  const { input, output: result } = commands[next].fields;
  if (typeof input !== "object" || input.buffer !== buffer || input.offset > 0) return undefined;
  const isOnly = own === list.length - 1 && !kept.has(buffer);
  const isInPlace = typeof result === "object" && result.buffer === buffer && result.offset === 0;
  const isDisturbed = members.some((member) => readsOtherLater(commands[member], member, next, uses));
  return (isOnly || isInPlace) && !isDisturbed ? next : undefined;
}

/** Whether a command would read something else if it came later. */
function readsOtherLater(command: NodeDraft, at: number, later: number, uses: Uses): boolean {
  const { output } = command.fields;
  const read = buffersOf(command).filter((buffer) => typeof output !== "object" || buffer !== output.buffer);
  return read.some((buffer) => isWrittenBetween(uses, buffer, at, later));
}

/** A chain with one command more, where there is such a kind, the machine has what it takes and it is worth it. */
function joined(
  { members, draft }: Chain,
  next: number,
  commands: readonly NodeDraft[],
  machine: Machine,
  overheads: Overheads,
): Chain | undefined {
  const parts = [...members, next].map((at) => commands[at]);
  const kind = chainOf(parts.map((part) => part.kind));
  if (kind === undefined) return undefined;
  const longer: NodeDraft = { kind, fields: chainFields(parts), node: draft.node };
  const numbers = numbersOf(longer);
  const hasAll = kind.requires(numbers).every((ability) => isAble(machine, ability));
  if (!hasAll || kind.problems(numbers).length > 0) return undefined;
  const [whole, first, second] = [longer, draft, commands[next]].map((each) =>
    cyclesOf(each.kind.work(numbersOf(each), machine, overheads)),
  );
  return whole < first + second ? { members: [...members, next], draft: longer } : undefined;
}

function numbersOf({ fields }: NodeDraft): Readonly<Record<string, number>> {
  return placedFields(fields, ({ offset }) => offset);
}
