import { type Node, numbersOf, parseGraph, type Tensor } from "@millrace/ir";
import { expect, test } from "vitest";
import { numberStream, randomTensor } from "../../passes/src/testing.ts";
import { evaluateGraph } from "./evaluate-graph.ts";
import { operators } from "./registry.ts";

const layers = {
  "rows of a matrix": "x: f32[2,3,5]; w: f32[4,5]; y: f32[2,3,4] = linear(x, w) {activation=none}",
  "a padded window of two groups":
    "x: f32[2,5,6,4]; w: f32[6,3,2,2]; y: f32[2,3,6,6] = conv2d(x, w) {stride=[2,1], dilation=[1,2], padding=[1,0,1,2], groups=2, layout=last, activation=none}",
  "one channel after the other":
    "x: f32[1,4,4,3]; w: f32[6,2,2,1]; y: f32[1,4,4,6] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,1,1], groups=3, layout=last, activation=none}",
};

/** The products of the weights with what they meet at each place, summed up. */
function sumsOverPatches({ op, attributes }: Node, x: Tensor, weights: Tensor): readonly number[] {
  const rule = op.quantization.kind === "free" ? op.quantization.weights : undefined;
  const groups = rule!.groups!(attributes)!;
  const patches = rule!.patches!(x, weights.shape, attributes);
  const numbers = numbersOf(weights);
  const [outputs, size] = [weights.shape[0], numbers.length / weights.shape[0]];
  const patch = new Float64Array(groups * size);
  const sums: number[] = [];
  for (let place = 0; place < patches.count; place++) {
    patches.read(place, patch);
    for (let output = 0; output < outputs; output++) {
      const start = Math.floor((output * groups) / outputs) * size;
      sums.push(patch.subarray(start, start + size).reduce((sum, x, at) => sum + x * numbers[output * size + at], 0));
    }
  }
  return sums;
}

test.each(Object.entries(layers))("weights meet %s", (_, text) => {
  const [x, weights, call] = text.split("; ");
  const graph = parseGraph(`graph test\ninput ${x}\ninput ${weights}\n${call}\noutput y`, operators);
  const next = numberStream(3);
  const feeds = new Map(graph.inputs.map(({ name, type }) => [name, randomTensor(type.shape, next)]));
  const [node] = graph.nodes();
  const expected = numbersOf(evaluateGraph(graph, feeds).get(node.outputs[0])!);
  const actual = sumsOverPatches(node, feeds.get("x")!, feeds.get("w")!);
  expect(actual).toHaveLength(expected.length);
  for (const [index, sum] of actual.entries()) expect(sum).toBeCloseTo(expected[index], 5);
});
