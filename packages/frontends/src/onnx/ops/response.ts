import { elementCount, type Value } from "@millrace/ir";
import { add, averagePool2d, div, localResponseNormalization, mul, pow } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";
import { reshaped } from "./weights.ts";

/** x / (bias + alpha / size · Σ x²)^beta over `size` neighbouring channels: for images one operator, else the mean is a pooling over the channel axis. */
export function localResponse(node: SourceNode): Value {
  const { attributes } = node;
  const x = node.input(0);
  const { shape } = x.type;
  const of = formulaOf(node);
  const size = attributes.integer("size");
  const before = Math.floor((size - 1) / 2);
  const alpha = attributes.real("alpha", 1e-4);
  const [bias, beta] = [attributes.real("bias", 1), attributes.real("beta", 0.75)];
  if (shape.length === 4) {
    const window = { before, after: size - 1 - before, bias, alpha: alpha / size, beta, layout: "first" };
    return node.emit(localResponseNormalization, [x], window);
  }
  const squares = reshaped(node, of(mul, x, x), [shape[0], 1, shape[1], elementCount(shape.slice(2))]);
  const means = node.emit(averagePool2d, [squares], {
    kernel: [size, 1],
    stride: [1, 1],
    padding: [before, 0, size - 1 - before, 0],
    countPadding: true,
    layout: "first",
    activation: "none",
  });
  const weighted = of(mul, reshaped(node, means, shape), alpha);
  return of(div, x, of(pow, of(add, weighted, bias), beta));
}
