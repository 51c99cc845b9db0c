import { createLiteRt, createTfjsTflite, tfliteEngine } from "@millrace/devices/node";
import { fromNumbers, numbersOf, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";

/** Corners of boxes of several sizes, many of which overlap. */
function boxes(count: number): string {
  return Array.from({ length: count }, (_, at) => [at % 3, at % 2, (at % 3) + 2, 1.5 + at / 4]).join();
}

/** Sizes that data decides within, and equal scores nowhere, as runtimes differ in which comes first; results of known sizes, as runtimes take declared ones for theirs. */
const networks = [
  {
    name: "elements where a condition holds",
    text: `graph picking
    input x: f32[4,3]
    constant zero: f32[] = [0]
    condition: bool[4,3] = greater(x, zero)
    places: i64[K,2] = where(condition) {shape=[K,2]}
    picked: f32[K] = gatherNd(x, places)
    sum: f32[1] = sum(picked) {axes=[0], keepDims=true}
    whole: f32[K,2] = cast(places) {to=f32}
    most: f32[1,2] = reduceMax(whole) {axes=[0], keepDims=true}
    size: i64[1] = shapeOf(places) {start=0, end=1}
    count: i32[1] = cast(size) {to=i32}
    output sum
    output most
    output count`,
  },
  {
    name: "elements that differ",
    text: `graph differing
    input x: f32[4,3]
    flat: f32[12] = reshape(x) {shape=[12]}
    sizes: f32[12] = abs(flat)
    values: f32[K], kinds: i32[12] = unique(sizes) {shape=[K], to=i32}
    sum: f32[1] = sum(values) {axes=[0], keepDims=true}
    output sum
    output kinds`,
  },
  {
    name: "boxes that overlap no better one",
    text: `graph suppressing
    input x: f32[4,3]
    flat: f32[12] = reshape(x) {shape=[12]}
    constant boxes: f32[12,4] = [${boxes(12)}]
    constant overlap: f32[] = [0.4]
    constant least: f32[] = [-4]
    indices: i32[5], chosen: f32[5], count: i32[] = nonMaxSuppression(boxes, flat, overlap, least) {most=5}
    gathered: f32[5,4] = gather(boxes, indices) {axis=0}
    output indices
    output count
    output gathered`,
  },
  {
    name: "boxes whose scores overlaps have lowered",
    text: `graph lowering
    input x: f32[4,3]
    flat: f32[12] = reshape(x) {shape=[12]}
    constant boxes: f32[12,4] = [${boxes(12)}]
    constant overlap: f32[] = [0.6]
    constant least: f32[] = [0.01]
    constant sigma: f32[] = [0.4]
    indices: i32[8], chosen: f32[8], count: i32[] = nonMaxSuppression(boxes, flat, overlap, least, sigma) {most=8}
    output indices
    output chosen
    output count`,
  },
];

const feeds = [
  [0.5, -1, 2, -3, 4, -5, 6, -7, -8, 9, -1.5, -2],
  [-1, -1.5, 2, -3, -4, -5, -6, -7, -8, -9, -0.5, -2],
].map((numbers) => new Map([["x", fromNumbers("f32", [4, 3], numbers)]]));

describe.each(networks)("$name", ({ text }) => {
  const graph = parseGraph(text, operators);

  test.each([
    ["LiteRT", createLiteRt],
    ["TFLite for the web", createTfjsTflite],
  ])("%s computes what the reference does", async (_, create) => {
    const reference = await referenceEngine().prepare(graph);
    const prepared = await tfliteEngine([create]).prepare(graph);
    for (const feed of feeds) {
      const expected = [...(await reference.run(feed)).values()].map(numbersOf);
      const actual = [...(await prepared.run(feed)).values()].map(numbersOf);
      const near = expected.map((numbers) => Array.from(numbers, (number) => expect.closeTo(number, 5)));
      expect(actual.map((numbers) => Array.from(numbers))).toEqual(near);
    }
    await prepared.dispose();
  });
});
