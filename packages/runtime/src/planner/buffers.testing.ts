import fc from "fast-check";
import { type ArenaBuffer, alignUp } from "./buffer.ts";

/** Lists of up to seven buffers that crowd a short time. */
export const smallInstances: fc.Arbitrary<readonly ArenaBuffer[]> = fc.array(
  fc
    .record({
      start: fc.integer({ min: 0, max: 6 }),
      length: fc.integer({ min: 1, max: 5 }),
      size: fc.integer({ min: 0, max: 9 }),
      alignment: fc.constantFrom(1, 1, 1, 2, 4),
    })
    .map(({ start, length, size, alignment }) => ({ start, end: start + length, size, alignment })),
  { maxLength: 7 },
);

/** Bytes of the smallest arena, from trying to pile the buffers up in every order. */
export function smallestArena(buffers: readonly ArenaBuffer[]): number {
  const tops = new Map<ArenaBuffer, number>();
  const pile = (height: number): number => {
    if (tops.size === buffers.length) return height;
    let best = Number.POSITIVE_INFINITY;
    for (const buffer of buffers.filter((other) => !tops.has(other))) {
      const below = [...tops].filter(([other]) => other.start < buffer.end && buffer.start < other.end);
      const floor = Math.max(0, ...below.map(([, top]) => top));
      const top = alignUp(floor, buffer.alignment ?? 1) + buffer.size;
      tops.set(buffer, top);
      best = Math.min(best, pile(Math.max(height, top)));
      tops.delete(buffer);
    }
    return best;
  };
  return pile(0);
}
