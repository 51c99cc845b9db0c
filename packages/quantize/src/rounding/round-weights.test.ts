import type { Tensor } from "@millrace/ir";
import { quantizeWeights } from "@millrace/passes";
import { expect, test } from "vitest";
import { numberStream, randomTensor } from "../../../passes/src/testing.ts";
import { NetworkBuilder } from "../../../passes/src/testing-graphs.ts";
import { InputProducts } from "./input-products.ts";
import { type Rounding, roundWeights } from "./round-weights.ts";

const next = numberStream(3);
const size = 512;
const products = new InputProducts(1, size);
products.add({
  count: 32,
  read: (_, numbers) => {
    const level = next();
    numbers.set(numbers.map(() => level + next()));
  },
});
const n = new NetworkBuilder();
const [node] = n.finish(n.linear(n.input("x", [1, 4]), 2)).nodes();

function rounded(weights: Tensor, rounding: Rounding) {
  const nearest = quantizeWeights(weights, 0, { dtype: "i4", perTensor: true, leastScale: () => 0 });
  return roundWeights(node, weights, nearest, { products, rounding, centered: true, leastScale: () => 0 });
}

test("layers of too many weights to learn are compensated, which a diagnostic tells", () => {
  const few = randomTensor([8, size], next);
  const data = new Float32Array(4097 * size);
  data.set(few.data as Float32Array);
  const weights: Tensor = { dtype: "f32", shape: [4097, size], data };
  const { integers, diagnostics } = rounded(weights, "learned");
  const compensated = rounded(few, "compensated");
  const learned = rounded(few, "learned");
  expect(diagnostics).toMatchObject([{ code: "quantize.layer-too-large-to-learn", at: { node: node.name } }]);
  expect(integers.tensor.data.slice(0, 8 * size)).toEqual(compensated.integers.tensor.data);
  expect(learned.integers.tensor.data).not.toEqual(compensated.integers.tensor.data);
  expect([...compensated.diagnostics, ...learned.diagnostics]).toEqual([]);
});
