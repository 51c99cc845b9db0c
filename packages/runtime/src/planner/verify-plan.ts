import { type Diagnostic, DiagnosticError } from "@millrace/ir";
import type { ArenaBuffer, MemoryPlan } from "./buffer.ts";

/** Throws DiagnosticError `plan.invalid` unless every buffer lies aligned within the arena and apart from all that live with it. */
export function verifyPlan(
  buffers: readonly ArenaBuffer[],
  { offsets, arenaBytes }: Pick<MemoryPlan, "offsets" | "arenaBytes">,
  alignment = 1,
): void {
  if (offsets.length !== buffers.length)
    throw invalid(`it has ${offsets.length} offsets for ${buffers.length} buffers`);
  for (const [index, { size, alignment: own = alignment }] of buffers.entries()) {
    const offset = offsets[index];
    if (!(offset >= 0 && offset + size <= arenaBytes))
      throw invalid(`buffer ${index} at ${offset} is not within the ${arenaBytes} bytes of the arena`);
    if (offset % own !== 0) throw invalid(`buffer ${index} at ${offset} is not aligned to ${own}`);
  }
  sweep(buffers, offsets);
}

/** Goes through time with the live buffers in order of offset, where an overlap is one of neighbours. */
function sweep(buffers: readonly ArenaBuffer[], offsets: readonly number[]): void {
  const starts = [...buffers.keys()].filter((index) => buffers[index].size > 0);
  const ends = [...starts].sort((a, b) => buffers[a].end - buffers[b].end);
  starts.sort((a, b) => buffers[a].start - buffers[b].start);
  const live: number[] = [];
  let ended = 0;
  for (const index of starts) {
    for (; buffers[ends[ended]].end <= buffers[index].start; ended++)
      live.splice(placeOf(live, offsets, offsets[ends[ended]]), 1);
    const place = placeOf(live, offsets, offsets[index]);
    if (place > 0) requireApart(buffers, offsets, live[place - 1], index);
    if (place < live.length) requireApart(buffers, offsets, index, live[place]);
    live.splice(place, 0, index);
  }
}

/** Number of live buffers with a smaller offset. */
function placeOf(live: readonly number[], offsets: readonly number[], offset: number): number {
  let low = 0;
  let high = live.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (offsets[live[middle]] < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function requireApart(buffers: readonly ArenaBuffer[], offsets: readonly number[], below: number, above: number): void {
  if (offsets[below] + buffers[below].size <= offsets[above]) return;
  throw invalid(`buffers ${below} and ${above} overlap at ${offsets[above]} while both are alive`);
}

function invalid(why: string): DiagnosticError {
  const diagnostic: Diagnostic = {
    code: "plan.invalid",
    severity: "error",
    message: `the memory plan does not hold: ${why}.`,
    hint: "Plan the memory of these buffers again.",
  };
  return new DiagnosticError([diagnostic]);
}
