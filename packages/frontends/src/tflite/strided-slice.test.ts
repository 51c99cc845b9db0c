import { describe, expect, it } from "vitest";
import { stridedRanges } from "./strided-slice.ts";

const none = { beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 };
const wrong = (why: string): never => {
  throw new Error(why);
};

/** Which indices Python's items[begin:end:step] takes. */
function taken(length: number, begin: number | undefined, end: number | undefined, step: number): number[] {
  const clip = (value: number, low: number, high: number) =>
    Math.min(high, Math.max(low, value < 0 ? value + length : value));
  const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
  const from = begin === undefined ? (step > 0 ? low : high) : clip(begin, low, high);
  const to = end === undefined ? (step > 0 ? high : low) : clip(end, low, high);
  const indices: number[] = [];
  for (let at = from; step > 0 ? at < to : at > to; at += step) indices.push(at);
  return indices;
}

describe("strided slices", () => {
  it("read what Python's slices read", () => {
    const differing: unknown[] = [];
    const numbers = [-9, -5, -4, -2, -1, 0, 1, 3, 4, 5, 9];
    for (const length of [1, 4, 5]) {
      for (const step of [-7, -2, -1, 1, 2, 7]) {
        for (const begin of numbers) {
          for (const end of numbers) {
            for (const mask of [0, 1, 2, 3]) {
              const spec = {
                ...none,
                begin: [begin],
                end: [end],
                strides: [step],
                beginMask: mask & 1,
                endMask: mask >> 1,
              };
              const { ranges, result } = stridedRanges([length], spec, wrong);
              const [{ start, size }] = ranges;
              const expected = taken(length, mask & 1 ? undefined : begin, mask & 2 ? undefined : end, step);
              const read = Array.from({ length: size as number }, (_, at) => start + at * step);
              if (`${read}` !== `${expected}` || result[0] !== expected.length) differing.push({ length, spec, read });
            }
          }
        }
      }
    }
    expect(differing).toEqual([]);
  });

  it("drop, add and skip axes: x[1, newaxis, ..., 2:, newaxis]", () => {
    const spec = {
      ...none,
      begin: [1, 0, 0, 2, 0],
      end: [2, 0, 0, 0, 0],
      strides: [1, 1, 1, 1, 1],
      endMask: 0b01000,
      ellipsisMask: 0b00100,
      newAxisMask: 0b10010,
      shrinkAxisMask: 0b00001,
    };
    const { ranges, result } = stridedRanges([3, 4, 5, 6], spec, wrong);
    expect(result).toEqual([1, 4, 5, 4, 1]);
    expect(ranges).toEqual([
      { start: 1, size: 1, step: 1 },
      { start: 0, size: 4, step: 1 },
      { start: 0, size: 5, step: 1 },
      { start: 2, size: 4, step: 1 },
    ]);
  });

  it("leave axes alone that are not named", () => {
    const { result } = stridedRanges([3, 4], { ...none, begin: [-1], end: [0], strides: [-1] }, wrong);
    expect(result).toEqual([2, 4]);
  });

  it.each([
    ["a step of 0", [4], { strides: [0] }],
    ["more axes than there are", [], {}],
    ["an index that is outside", [4], { begin: [4], shrinkAxisMask: 1 }],
    ["more entries than masks have bits", [4], { begin: new Array(32).fill(0) }],
  ] as const)("refuse %s", (_, shape, changes) => {
    const spec = { ...none, begin: [0], end: [1], strides: [1], ...changes };
    expect(() => stridedRanges(shape, spec, wrong)).toThrow();
  });
});
