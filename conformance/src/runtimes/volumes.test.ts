import { createLiteRt, createTfjsTflite, tfliteEngine } from "@millrace/devices/node";
import { fromNumbers, numbersOf, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";

/** Numbers between -1 and 1, the same in every run. */
function numbers(count: number, seed: number): readonly number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (state * 16807) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  });
}

const weights = (shape: readonly number[]) =>
  `[${numbers(
    shape.reduce((a, b) => a * b, 1),
    3,
  )}]`;

/** Convolutions of volumes and their reverse, with the sizes of data, weights, bias and result. */
const layers = [
  {
    name: "SAME, with strides and ReLU",
    sizes: [[2, 5, 6, 7, 3], [2, 3, 2, 3, 4], [4], [2, 3, 3, 7, 4]],
    node: "conv3d(x, w, b) {stride=[2,2,1], dilation=[1,1,1], padding=[0,0,0,1,1,1], activation=relu}",
  },
  {
    name: "VALID, dilated",
    sizes: [[1, 6, 6, 7, 3], [2, 3, 2, 3, 4], [4], [1, 4, 2, 6, 4]],
    node: "conv3d(x, w, b) {stride=[1,1,1], dilation=[2,2,1], padding=[0,0,0,0,0,0], activation=none}",
  },
  {
    name: "reversed",
    sizes: [[2, 3, 3, 4, 4], [2, 3, 2, 3, 4], [3], [2, 5, 6, 4, 3]],
    node: "transposeConv3d(x, w, b) {stride=[2,2,1], dilation=[1,1,1], padding=[0,0,0,1,1,1], activation=none, outputSize=[5,6,4]}",
  },
];

describe.each(layers)("volumes: $name", ({ sizes: [x, w, b, y], node }) => {
  const graph = parseGraph(
    `graph volumes
    input x: f32[${x}]
    constant w: f32[${w}] = ${weights(w)}
    constant b: f32[${b}] = ${weights(b)}
    y: f32[${y}] = ${node}
    output y`,
    operators,
  );
  const feeds = new Map([
    [
      "x",
      fromNumbers(
        "f32",
        x,
        numbers(
          x.reduce((a, b) => a * b, 1),
          5,
        ),
      ),
    ],
  ]);
  test.each([
    ["LiteRT", createLiteRt],
    ["TFLite for the web", createTfjsTflite],
  ])("%s computes what the reference does", async (_, create) => {
    const [expected] = [...(await (await referenceEngine().prepare(graph)).run(feeds)).values()].map(numbersOf);
    const prepared = await tfliteEngine([create]).prepare(graph);
    const [actual] = [...(await prepared.run(feeds)).values()].map(numbersOf);
    await prepared.dispose();
    expect(actual.length).toBe(expected.length);
    for (let at = 0; at < actual.length; at++) expect(actual[at]).toBeCloseTo(expected[at], 5);
  });
});
