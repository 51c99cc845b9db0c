import type { Node } from "@millrace/ir";
import type { Part, Tiling } from "../../commands/command.ts";
import { type Buffer, type Place, placeBehind, placedFields } from "../../lowering/lowering.ts";
import type { Machine } from "../../machine.ts";
import type { NodeDraft } from "../draft.ts";
import { hullOf, touchedBy } from "./touched.ts";

/** Commands of one node, one after the other, that write one buffer: they are divided alike. */
export interface Group {
  readonly node: Node;
  readonly commands: readonly NodeDraft[];
  readonly output: Buffer;
  /** Whether no other group writes that buffer. */
  readonly isAlone: boolean;
}

export function groupsOf(drafts: readonly NodeDraft[], machine: Machine): readonly Group[] {
  const groups: { readonly node: Node; readonly commands: NodeDraft[]; readonly output: Buffer }[] = [];
  const writers = new Map<Buffer, number>();
  for (const draft of drafts) {
    const [{ buffer: output }] = touchedBy(draft, machine).writes;
    const last = groups.at(-1);
    if (last && last.node === draft.node && last.output === output) last.commands.push(draft);
    else {
      groups.push({ node: draft.node, commands: [draft], output });
      writers.set(output, (writers.get(output) ?? 0) + 1);
    }
  }
  return groups.map((group) => ({ ...group, isAlone: writers.get(group.output) === 1 }));
}

/** The group with commands for about so many parts of its channels, where their own weights come with these. */
export function splitChannels(group: Group, parts: number, machine: Machine): Group {
  if (parts === 1) return group;
  const commands = group.commands.flatMap((command) => {
    const split = tilingOf(command)?.byChannels?.(parts, machine);
    return split?.map((part) => withPart(command, part)) ?? [command];
  });
  return { ...group, commands };
}

/** The groups' commands for each of `count` parts of what they write, as far as that can be divided: one list of commands for each. */
export function splitRows({ commands, output }: Group, count: number, machine: Machine): readonly NodeDraft[][] {
  const tilings = commands.map(tilingOf);
  const grain = Math.max(...tilings.map((tiling) => tiling?.grain ?? 1));
  const isDivisible = tilings.every((tiling) => tiling !== undefined && grain % tiling.grain === 0);
  if (count === 1 || !isDivisible) return [[...commands]];
  const [start, end] = hullOf(commands.flatMap((command) => touchedBy(command, machine).writes));
  const units = Math.ceil((end - start) / grain);
  const step = Math.ceil(units / count) * grain;
  const tiles = Array.from({ length: Math.ceil((end - start) / step) }, (_, index) => {
    const from = start + index * step;
    return commands.flatMap((command, at) => {
      const offset = outputOffset(command, output);
      const part = tilings[at]!.part(from - offset, from + step - offset);
      return part === undefined ? [] : [withPart(command, part)];
    });
  });
  return tiles.flat().every(isSound) ? tiles : [[...commands]];
}

function isSound({ kind, fields }: NodeDraft): boolean {
  return kind.problems(placedFields(fields, ({ offset }) => offset)).length === 0;
}

/** How a command before memory is laid out can be divided. */
export function tilingOf({ kind, fields }: NodeDraft): Tiling | undefined {
  const numbers = placedFields(fields, ({ offset }) => offset);
  return kind.tiling(numbers, (name) => (fields[name] as Place).buffer.contents);
}

function outputOffset({ kind, fields }: NodeDraft, output: Buffer): number {
  const places = kind.addresses.map((name) => fields[name] as Place);
  return places.findLast(({ buffer }) => buffer === output)!.offset;
}

function withPart(draft: NodeDraft, { fields, moved, contents = {} }: Part): NodeDraft {
  const places = Object.entries(moved).map(([name, bytes]) => [name, placeBehind(draft.fields[name] as Place, bytes)]);
  const constants = Object.entries(contents).map(([name, bytes]): [string, Place] => {
    const { buffer } = draft.fields[name] as Place;
    return [name, { buffer: { name: buffer.name, bytes: bytes.length, contents: bytes }, offset: 0 }];
  });
  return { ...draft, fields: { ...draft.fields, ...fields, ...Object.fromEntries([...places, ...constants]) } };
}
