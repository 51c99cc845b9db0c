import type { Buffer } from "../../lowering/lowering.ts";
import type { Machine } from "../../machine.ts";
import type { Boundary } from "../lay-out.ts";
import type { Group } from "./group.ts";
import { byBuffer, hullOf, touchedBy } from "./touched.ts";

/** What a group touches. */
interface Operands {
  readonly buffers: ReadonlySet<Buffer>;
  readonly constantBytes: number;
}

interface Candidate {
  readonly buffer: Buffer;
  readonly first: number;
  readonly last: number;
  readonly uses: number;
}

/** Groups that need all of the memory, and values that have to stay there. */
export interface Wishes {
  readonly alone: ReadonlySet<Group>;
  readonly near: ReadonlySet<Buffer>;
}

/** Where values lie: those that never leave the memory of the array, and how many bytes of them there are at each group. */
export interface Residence {
  readonly near: ReadonlySet<Buffer>;
  readonly live: Float64Array;
}

/**
 * Has values stay in the memory of the array, those first that are there for the shortest time for each transfer they save, as long as a third of
 * it is left at each group, or less where the tiles of its other operands need less. Values that are
 * wished near come first; nothing stays where a group is to have the memory alone.
 */
export function residenceOf(
  groups: readonly Group[],
  boundary: Boundary,
  machine: Machine,
  capacity: number,
  wishes: Wishes = { alone: new Set(), near: new Set() },
): Residence {
  const operands = groups.map((group) => operandsOf(group, machine));
  const near = new Set<Buffer>();
  const live = new Float64Array(groups.length);
  const reserveOf = ({ buffers, constantBytes }: Operands, kept: Buffer) => {
    const far = [...buffers].filter((buffer) => buffer !== kept && !near.has(buffer));
    return Math.min(
      capacity / 3,
      far.reduce((sum, { bytes }) => sum + bytes, constantBytes),
    );
  };
  for (const { buffer, first, last } of candidatesOf(operands, boundary, wishes)) {
    const fits = (at: number) =>
      !wishes.alone.has(groups[at]) && live[at] + buffer.bytes + reserveOf(operands[at], buffer) <= capacity;
    let at = first;
    while (at <= last && fits(at)) at++;
    if (at <= last) continue;
    near.add(buffer);
    for (let group = first; group <= last; group++) live[group] += buffer.bytes;
  }
  return { near, live };
}

function operandsOf({ commands }: Group, machine: Machine): Operands {
  const buffers = new Set<Buffer>();
  let constantBytes = 0;
  for (const command of commands) {
    const { reads, writes } = touchedBy(command, machine);
    for (const [buffer, own] of byBuffer([...reads, ...writes])) {
      if (buffer.contents === undefined) buffers.add(buffer);
      else constantBytes += hullOf(own)[1] - hullOf(own)[0];
    }
  }
  return { buffers, constantBytes };
}

/** Buffers within a program, in the order in which they are to be considered. */
function candidatesOf(
  operands: readonly Operands[],
  { inputs, outputs }: Boundary,
  wishes: Wishes,
): readonly Candidate[] {
  const outside = new Set([...inputs, ...outputs]);
  const candidates = new Map<Buffer, Candidate>();
  for (const [at, { buffers }] of operands.entries()) {
    for (const buffer of buffers) {
      if (outside.has(buffer)) continue;
      const { first = at, uses = 0 } = candidates.get(buffer) ?? {};
      candidates.set(buffer, { buffer, first, last: at, uses: uses + 1 });
    }
  }
  const cost = ({ buffer, first, last, uses }: Candidate) => (wishes.near.has(buffer) ? -1 : (last - first) / uses);
  return [...candidates.values()].sort(
    (a, b) => cost(a) - cost(b) || a.buffer.bytes - b.buffer.bytes || a.first - b.first,
  );
}
