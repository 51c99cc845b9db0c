import { cyclesOf, type Fields } from "../commands/command.ts";
import { type Buffer, placedFields } from "../lowering/lowering.ts";
import type { Machine } from "../machine.ts";
import type { ScheduleOptions, SegmentDraft } from "./compile-segment.ts";
import { constantsOf } from "./constants.ts";
import { lifetimesOf, liveBytes } from "./lay-out.ts";
import { copiesOf } from "./stage.ts";

/** What is to be decided of the constants of commands: which stay in memory, and when the others are copied there. */
export interface CopyProblem {
  /** Of each command, when nothing else goes on. */
  readonly cycles: readonly number[];
  /** Bytes that are needed at each command, without constants. */
  readonly live: ArrayLike<number>;
  /** In the order of use, in which they are made. */
  readonly copies: readonly Copy[];
  readonly groups: readonly ConstantGroup[];
  /** Bytes of memory. */
  readonly capacity: number;
  /** Whether constants may be in memory when an inference begins. */
  readonly mayStay: boolean;
  /** Whether copies go on while the array computes. */
  readonly overlaps: boolean;
}

/** The constants of one command. */
export interface Copy {
  readonly use: number;
  readonly bytes: number;
  readonly cycles: number;
  readonly group: number;
}

/** Constants that commands read together, and that stay or are copied together. */
export interface ConstantGroup {
  readonly buffers: readonly Buffer[];
  readonly bytes: number;
}

/** Before which command each copy begins, and which groups stay. */
export interface CopySchedule {
  readonly starts: readonly number[];
  readonly resident: ReadonlySet<number>;
}

export function copyProblemOf(draft: SegmentDraft, machine: Machine, options: ScheduleOptions): CopyProblem {
  const { commands, constants, boundary } = draft;
  const { alignment, bytes: capacity } = machine.memory;
  const { direct, overlaps, copyBytesPerCycle } = machine.storage;
  const overheads = machine.modes[options.mode];
  const groups = groupsOf(draft, (bytes) => (direct ? 0 : alignedTo(bytes, alignment)));
  const groupOf = new Map(groups.flatMap(({ buffers }, index) => buffers.map((buffer) => [buffer, index] as const)));
  const isOneChannel = (machine.outer?.channels ?? 1) === 1;
  const start = isOneChannel ? (machine.outer?.start ?? 0) : 0;
  const copies = commands.flatMap((command, use): Copy[] => {
    const runs = copiesOf(command, constants.offsets, alignment, new Set()).map(({ to }) => to.bytes);
    if (runs.length === 0) return [];
    const cycles = runs.reduce((sum, bytes) => sum + Math.ceil(bytes / copyBytesPerCycle) + start, 0);
    const bytes = runs.reduce((sum, run) => sum + alignedTo(run, alignment), 0);
    return [{ use, bytes, cycles, group: groupOf.get(constantsOf(command)[0])! }];
  });
  return {
    cycles: commands.map(({ kind, fields }) =>
      cyclesOf(kind.work(placedFields(fields, () => 0) as Fields, machine, overheads)),
    ),
    live: liveBytes(lifetimesOf(commands, boundary), commands.length),
    copies,
    groups,
    capacity,
    mayStay: options.weights !== "storage",
    overlaps: overlaps && options.overlapCopies,
  };
}

function alignedTo(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** Constants that one command reads are in one group, and so are all that any of them is read with. */
function groupsOf({ commands }: SegmentDraft, sizeOf: (bytes: number) => number): readonly ConstantGroup[] {
  const groupOf = new Map<Buffer, Set<Buffer>>();
  for (const command of commands) {
    const buffers = constantsOf(command);
    const united = new Set(buffers.flatMap((buffer) => [...(groupOf.get(buffer) ?? [buffer])]));
    for (const buffer of united) groupOf.set(buffer, united);
  }
  return [...new Set(groupOf.values())].map((buffers) => ({
    buffers: [...buffers],
    bytes: [...buffers].reduce((sum, { bytes }) => sum + sizeOf(bytes), 0),
  }));
}

/** When commands begin, and when all is done, in cycles. */
export interface Timeline {
  readonly starts: readonly number[];
  /** When each copy has ended; undefined for what stays. */
  readonly copied: readonly (number | undefined)[];
  readonly cycles: number;
}

/** What the simulator would find, were there ports enough. */
export function timelineOf(problem: CopyProblem, { starts, resident }: CopySchedule): Timeline {
  const { cycles, copies, overlaps } = problem;
  const begins: number[] = [];
  const copied: (number | undefined)[] = copies.map(() => undefined);
  const ends = new Map<number, number>();
  let [arrayFree, copiesFree, next] = [0, 0, 0];
  for (const [command, taken] of cycles.entries()) {
    for (; next < copies.length && starts[next] <= command; next++) {
      if (resident.has(copies[next].group)) continue;
      copiesFree = Math.max(copiesFree, arrayFree) + copies[next].cycles;
      if (!overlaps) arrayFree = copiesFree;
      copied[next] = copiesFree;
      ends.set(copies[next].use, copiesFree);
    }
    arrayFree = Math.max(arrayFree, ends.get(command) ?? 0);
    begins.push(arrayFree);
    arrayFree += taken;
  }
  return { starts: begins, copied, cycles: arrayFree };
}

/** Bytes that are needed at each command. */
export function bytesOf(problem: CopyProblem, { starts, resident }: CopySchedule): Float64Array {
  const { live, copies, groups } = problem;
  const staying = [...resident].reduce((sum, group) => sum + groups[group].bytes, 0);
  const bytes = Float64Array.from(live, (needed) => needed + staying);
  for (const [index, { use, bytes: copied, group }] of copies.entries())
    if (!resident.has(group)) for (let at = starts[index]; at <= use; at++) bytes[at] += copied;
  return bytes;
}

/** The bytes of the command that needs most. */
export function peakOf(problem: CopyProblem, schedule: CopySchedule): number {
  return bytesOf(problem, schedule).reduce((most, bytes) => Math.max(most, bytes), 0);
}
