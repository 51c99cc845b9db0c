import { fromNumbers, Graph, numbersOf, perBlock, type Tensor, zeros } from "@millrace/ir";
import { asymmetricLinear, evaluateGraph } from "@millrace/ops";
import { expect, test } from "vitest";
import { numberStream, randomTensor } from "../../../passes/src/testing.ts";
import { referenceEngine } from "../interpreter.ts";

function layer(x: Tensor, weights: Tensor, scale: readonly number[], block: number, activation = "none"): Graph {
  const graph = new Graph("blocks");
  const inputs = [
    graph.addInput("x", { dtype: "f32", shape: x.shape }),
    graph.addConstant("w", weights, perBlock(scale, 1, block)),
    graph.addConstant("b", zeros("f32", [weights.shape[0]])),
  ];
  const node = graph.addNode({ op: asymmetricLinear, inputs, attributes: { activation }, outputNames: ["y"] });
  graph.setOutputs(node.outputs);
  return graph;
}

async function resultOf(graph: Graph, x: Tensor): Promise<readonly number[]> {
  const prepared = await referenceEngine().prepare(graph);
  return Array.from((await prepared.run(new Map([["x", x]]))).get("y")!.data, Number);
}

test("each block of a row has its scale, and each row of the data 255 steps", async () => {
  const x = fromNumbers("f32", [3, 4], [2.55, 0, 1, 0, 0, 0, 0, 0, 5.1, 0, 2, 0]);
  const weights = fromNumbers("i4", [2, 4], [1, 7, 2, -7, -7, 0, 3, 0]);
  const results = await resultOf(layer(x, weights, [1, 10, 0.5, 100], 2), x);
  const [first, second] = [1 * 2.55 + 20 * 1, -3.5 * 2.55 + 300 * 1];
  for (const [index, value] of [first, second, 0, 0, 2 * first, 2 * second].entries())
    expect(results[index]).toBeCloseTo(value, 3);
});

test("sums are scaled and added in float32 as TensorFlow Lite's kernel of blocks does", async () => {
  const [rows, depth, block] = [5, 64, 32];
  const next = numberStream(3);
  const x = randomTensor([1, depth], next);
  const weights = fromNumbers(
    "i4",
    [rows, depth],
    Float64Array.from({ length: rows * depth }, () => Math.round(7 * next())),
  );
  const scale = Array.from({ length: (rows * depth) / block }, () => Math.fround(Math.abs(next()) + 0.1));
  const results = await resultOf(layer(x, weights, scale, block), x);

  const data = Array.from(numbersOf(x));
  const [low, high] = [Math.min(0, ...data), Math.max(0, ...data)];
  const step = (high - low) / 255;
  const zero = Math.round(128 - low / step) - 256;
  const single = Math.fround;
  const stored = data.map((value) => zero + Math.round(single(value * single(1 / single(step)))));
  const integers = numbersOf(weights);
  for (let row = 0; row < rows; row++) {
    let [sum, total] = [0, 0];
    for (let from = 0; from < depth; from += block) {
      const factor = scale[(row * depth + from) / block];
      let [product, count] = [0, 0];
      for (let at = from; at < from + block; at++) {
        product += stored[at] * integers[row * depth + at];
        count += integers[row * depth + at];
      }
      sum = single(sum + single(product * factor));
      total = single(total + single(count * factor));
    }
    expect(results[row]).toBe(single(single(sum - single(zero * total)) * single(step)));
  }
});

test("whatever the sizes, results are near those of real numbers, within the activation's limits", async () => {
  const next = numberStream(5);
  for (const [count, rows, depth, block] of [
    [1, 4, 32, 32],
    [2, 7, 96, 32],
    [5, 1, 64, 16],
  ]) {
    const x = randomTensor([count, depth], next);
    const weights = fromNumbers(
      "i4",
      [rows, depth],
      Float64Array.from({ length: rows * depth }, () => Math.round(7 * next())),
    );
    const scale = Array.from({ length: (rows * depth) / block }, () => 0.01 + Math.abs(next()));
    const graph = layer(x, weights, scale, block, "relu");
    const results = await resultOf(graph, x);
    const expected = numbersOf(evaluateGraph(graph, new Map([["x", x]])).get(graph.outputs[0])!);
    const greatest = Array.from(expected).reduce((most, value) => Math.max(most, value), 1);
    for (let at = 0; at < expected.length; at++) {
      expect(results[at]).toBeGreaterThanOrEqual(0);
      expect(Math.abs(results[at] - expected[at])).toBeLessThan(0.03 * greatest);
    }
  }
});
