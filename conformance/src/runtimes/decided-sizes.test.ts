import { createLiteRt, createTfjsTflite, tfliteEngine } from "@millrace/devices/node";
import { numbersOf, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { boxes, picking, signs, suppressing } from "../decided-sizes.testing.ts";

/** Sizes that data decides within, and equal scores nowhere, as runtimes differ in which comes first; results of known sizes, as runtimes take declared ones for theirs. */
const networks = [
  {
    name: "elements where a condition holds",
    text: `${picking}
    sum: f32[1] = sum(picked) {axes=[0], keepDims=true}
    whole: f32[K,2] = cast(places) {to=f32}
    most: f32[1,2] = reduceMax(whole) {axes=[0], keepDims=true}
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
    text: `${suppressing}
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

const feeds = signs.map((x) => new Map([["x", x]]));

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
