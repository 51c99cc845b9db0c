import { createLiteRt, createTfjsTflite, tfliteEngine } from "@millrace/devices/node";
import { fromNumbers, numbersOf, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";

/** Sizes that data decides within; results of known sizes, as runtimes take declared ones for theirs. */
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
    output sum
    output most`,
  },
];

const feeds = [
  [0.5, -1, 2, -3, 4, -5, 6, -7, -8, 9, -1, -2],
  [-1, -1, 2, -3, -4, -5, -6, -7, -8, -9, -1, -2],
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
      expect(actual).toEqual(expected);
    }
    await prepared.dispose();
  });
});
