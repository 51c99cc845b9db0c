import type { NodeDraft } from "./draft.ts";
import { type Boundary, lifetimesOf, liveBytes } from "./lay-out.ts";

/**
 * The command before which the copies for one begin: as early as keeps what is needed all the while within `budget` bytes. As copies
 * follow one another in the order of their use, beginning one earlier never keeps another one from beginning, so that none comes sooner in any other schedule.
 */
export function earliestStarts(drafts: readonly NodeDraft[], boundary: Boundary, budget: number) {
  const live = liveBytes(lifetimesOf(drafts, boundary), drafts.length);
  let earliest = 0;
  return (use: number, bytes: number) => {
    let start = use;
    while (start > earliest && live[start - 1] + bytes <= budget) start--;
    for (let at = start; at <= use; at++) live[at] += bytes;
    earliest = start;
    return start;
  };
}
