import { describe, expect, it } from "vitest";
import { runPasses } from "../pass.ts";
import { exampleGraph } from "../testing.ts";
import { recognizeDynamic } from "./recognize-dynamic.ts";

/** A layer of rows of `depth` numbers, stored in bytes between their least and greatest over `axes`, and of weights in blocks. */
function layerOf({ axes = [2], divisor = 255, depth = 64, block = 32, rows = 4, greatest = 7 }) {
  const weights = Array.from({ length: rows * depth }, (_, at) => (at % (greatest + 9)) - 8);
  const scales = Array.from({ length: (rows * depth) / block }, (_, at) => 0.1 + at / 7);
  const kept = [1, 3, depth].map((size, axis) => (axes.includes(axis) ? 1 : size));
  const chosen = `{axes=[${axes}], keepDims=true}`;
  const real = (size: readonly number[]) => `f32[${size}]`;
  return exampleGraph(`
    input x: f32[1,3,${depth}]
    constant zero: f32[] = [0]
    constant divisor: f32[] = [${divisor}]
    constant least: f32[] = [-128]
    low: ${real(kept)} = reduceMin(x) ${chosen}
    high: ${real(kept)} = reduceMax(x) ${chosen}
    start: ${real(kept)} = minimum(low, zero)
    end: ${real(kept)} = maximum(high, zero)
    span: ${real(kept)} = sub(end, start) {activation=none}
    step: ${real(kept)} = div(span, divisor) {activation=none}
    first: ${real(kept)} = div(start, step) {activation=none}
    place: ${real(kept)} = round(first)
    zeroPoint: ${real(kept)} = sub(least, place) {activation=none}
    steps: f32[1,3,${depth}] = div(x, step) {activation=none}
    whole: f32[1,3,${depth}] = round(steps)
    moved: f32[1,3,${depth}] = add(whole, zeroPoint) {activation=none}
    q: i8[1,3,${depth}]<scale=[1], zeroPoint=[0]> = quantize(moved) {dtype=i8, scale=[1], zeroPoint=[0], axis=-1, rounding=even}
    r: f32[1,3,${depth}] = dequantize(q)
    centered: f32[1,3,${depth}] = sub(r, zeroPoint) {activation=none}
    bytes: f32[1,3,${depth}] = mul(centered, step) {activation=none}
    constant stored: i8[${rows},${depth}]<scale=[${scales}], zeroPoint=[${scales.map(() => 0)}], axis=1, block=${block}> = [${weights}]
    w: f32[${rows},${depth}] = dequantize(stored)
    y: f32[1,3,${rows}] = linear(bytes, w) {activation=none}
    output y`);
}

function recognized(settings: Parameters<typeof layerOf>[0]) {
  const graph = layerOf(settings);
  const { decisions } = runPasses(graph, [recognizeDynamic]);
  return { nodes: [...graph.nodes()], notes: decisions.map(({ message }) => message) };
}

describe("a layer of weights in blocks", () => {
  it.each([[[2]], [[0, 1, 2]]])("stores its data itself, which were stored over the axes %j", (axes) => {
    const { nodes } = recognized({ axes });
    expect(nodes.map(({ op }) => op.name)).toEqual(["asymmetricLinear"]);
    const { type, constant } = nodes[0].inputs[1]!;
    expect(type).toMatchObject({ dtype: "i4", quantization: { axis: 1, block: 32 } });
    expect(Array.from(constant!.data.subarray(0, 16), Number)).toEqual([
      -8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7,
    ]);
    expect(type.quantization!.scale.map((scale) => Math.abs(scale - Math.fround(scale)))).toEqual(new Array(8).fill(0));
    expect(type.quantization!.scale[0]).toBeCloseTo(0.1, 3);
  });

  it("keeps to what is computed where the steps are others", () => {
    expect(recognized({ divisor: 200 }).nodes.length).toBeGreaterThan(1);
  });

  it("says which blocks there is no layer for", () => {
    expect(recognized({ block: 16 }).notes).toEqual(["there is no layer for blocks of 16 such weights"]);
    expect(recognized({ rows: 2 }).notes).toEqual(["there is no layer for blocks of 32 such weights"]);
    expect(recognized({ greatest: 9 }).notes).toEqual(["there is no layer for blocks of 32 such weights"]);
  });
});
