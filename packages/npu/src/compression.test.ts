import { DiagnosticError } from "@millrace/ir";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compressWeights, decompressWeights, type WeightGroups } from "./compression.ts";

const layouts = fc.record<WeightGroups>({
  groups: fc.integer({ min: 1, max: 3 }),
  steps: fc.integer({ min: 1, max: 20 }),
  array: fc.record({
    pipelines: fc.integer({ min: 1, max: 9 }),
    lanes: fc.constantFrom(1, 3, 8, 80),
    depthwiseLanes: fc.constant(1),
    wordLanes: fc.constant(0),
    comparisons: fc.constant(1),
    cores: fc.constant(1),
  }),
});

const countOf = ({ groups, steps, array }: WeightGroups) => groups * steps * array.pipelines * array.lanes;

/** Integers of a fixed sequence, small ones more often the greater `power`. */
function weights(count: number, power: number): Int8Array {
  let state = count;
  return Int8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const unit = (state / 2 ** 32) * 2 - 1;
    return Math.sign(unit) * Math.floor(Math.abs(unit) ** power * 128.9);
  });
}

describe("compressed weights", () => {
  test("are what they were", () => {
    fc.assert(
      fc.property(layouts, fc.constantFrom(1, 4, 40), (layout, power) => {
        const packed = weights(countOf(layout), power);
        expect(decompressWeights(compressWeights(packed, layout), layout)).toEqual(packed);
      }),
    );
  });

  test("take few bits where they are small or zero, and little more where they are neither", () => {
    const layout = {
      groups: 4,
      steps: 64,
      array: { pipelines: 8, lanes: 8, depthwiseLanes: 1, wordLanes: 0, comparisons: 1, cores: 1 },
    };
    const bytesOf = (packed: Int8Array) => compressWeights(packed, layout).length;
    const count = countOf(layout);
    expect(bytesOf(new Int8Array(count))).toBe(count / 128);
    expect(bytesOf(weights(count, 40))).toBeLessThan(0.6 * count);
    expect(bytesOf(weights(count, 1))).toBeLessThanOrEqual(count * (1 + 1 / 128));
  });

  test("give a diagnostic or some weights, whatever the bytes", () => {
    fc.assert(
      fc.property(layouts, fc.uint8Array({ maxLength: 300 }), (layout, bytes) => {
        try {
          expect(decompressWeights(bytes, layout)).toHaveLength(countOf(layout));
        } catch (error) {
          expect(error).toBeInstanceOf(DiagnosticError);
        }
      }),
    );
  });

  test("that would be too many are not begun with", () => {
    const array = { pipelines: 4096, lanes: 4096, depthwiseLanes: 1, wordLanes: 0, comparisons: 1, cores: 1 };
    expect(() => decompressWeights(new Uint8Array(8), { groups: 1, steps: 2 ** 20, array })).toThrow(/more than/);
  });
});
