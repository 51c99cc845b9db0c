import { bytesOf, type CopyProblem, type CopySchedule, type Timeline } from "./copy-problem.ts";

/** Every copy right before it is used. */
export function startsAtUse({ copies }: CopyProblem): readonly number[] {
  return copies.map(({ use }) => use);
}

/**
 * Every copy as early as keeps what is needed within the memory. As copies are made in the order of use, beginning one earlier takes no
 * room that a later one could begin in, so that in no other schedule any of them comes sooner.
 */
export function earliestStarts(problem: CopyProblem, resident: ReadonlySet<number>): readonly number[] {
  const { copies, capacity } = problem;
  const needed = bytesOf(problem, { starts: problem.copies.map(({ use }) => use + 1), resident });
  let earliest = 0;
  return copies.map(({ use, bytes, group }) => {
    if (resident.has(group)) return earliest;
    let start = use;
    while (start > earliest && needed[start - 1] + bytes <= capacity) start--;
    for (let at = start; at <= use; at++) needed[at] += bytes;
    earliest = start;
    return start;
  });
}

/** Every copy as late as has it done before the command that uses it begins, when that begins as a timeline says: the least bytes at every command. */
export function latestStarts(
  { copies, cycles }: CopyProblem,
  { resident, starts }: CopySchedule,
  timeline: Timeline,
): readonly number[] {
  const latest: number[] = [];
  let before = Number.POSITIVE_INFINITY;
  for (let index = copies.length - 1; index >= 0; index--) {
    const { use, group, cycles: taken } = copies[index];
    if (resident.has(group)) {
      latest[index] = Math.min(use, latest[index + 1] ?? use);
      continue;
    }
    before = Math.min(before, timeline.starts[use]) - taken;
    let start = use;
    const freeAt = (command: number) => (command === 0 ? 0 : timeline.starts[command - 1] + cycles[command - 1]);
    while (start > starts[index] && freeAt(start) > before) start--;
    latest[index] = start;
  }
  return latest;
}
