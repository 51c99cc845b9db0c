import { fromNumbers, type Value } from "@millrace/ir";
import { concat, cumulativeSum, expand, mul, slice } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";

interface Run {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

function runOf(node: SourceNode): Run {
  const { attributes } = node;
  return {
    axis: node.axis(node.numbers(1)[0], node.shape(0).length),
    exclusive: attributes.flag("exclusive", false),
    reverse: attributes.flag("reverse", false),
  };
}

/** Products of all elements up to each, in steps that double how many are multiplied already. */
function runningProduct(node: SourceNode): Value {
  const run = runOf(node);
  const x = node.input(0);
  const size = x.type.shape[run.axis];
  if (typeof size === "string")
    return node.unsupported(`the size ${size} of its axis is open`, `Give the size of ${size}.`);
  let product = run.exclusive && size > 0 ? shifted(node, x, 1, run) : x;
  for (let by = 1; by < size; by *= 2) product = formulaOf(node)(mul, product, shifted(node, product, by, run));
  return product;
}

/** Elements moved along the axis, with ones where they came from. */
function shifted(node: SourceNode, x: Value, by: number, { axis, reverse }: Run): Value {
  const { shape, dtype } = x.type;
  const starts = shape.map((_, at) => (at === axis && reverse ? by : 0));
  const sizes = shape.map((size, at) => (at === axis ? (size as number) - by : size));
  const kept = node.compute(slice, [x], { starts, sizes, steps: shape.map(() => 1) });
  const one = node.constant(fromNumbers(dtype, [], [1]));
  const ones = node.compute(expand, [one], { shape: shape.with(axis, by) });
  return node.compute(concat, reverse ? [kept, ones] : [ones, kept], { axis });
}

/** Sums and products of the elements up to each. */
export const cumulatives: Readonly<Record<string, Importer>> = {
  CumSum: (node) => node.compute(cumulativeSum, [node.input(0)], { ...runOf(node) }),
  CumProd: runningProduct,
};
