import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import { div, equal, logicalAnd, logSoftmax, mul, neg, notEqual, select, sum } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { converted, formulaOf } from "./formula.ts";
import { reshaped } from "./weights.ts";

/**
 * -weight[class] · logarithm[class] at the target class of every place, 0 where the target is to be ignored; the mean is over the weights.
 * Logarithms are [batch, classes, …places], targets [batch, …places]; all places are taken as one axis.
 */
function targetLoss(node: SourceNode, logarithms: Value): Value {
  const of = formulaOf(node);
  const [batch, classes, ...places] = logarithms.type.shape;
  const target = node.input(1);
  const rows = reshaped(node, logarithms, [batch, classes, elementCount(places)]);
  const places3 = reshaped(node, target, [batch, 1, elementCount(places)]);
  const chosen = chosenClasses(node, places3, classes);
  const loss = of(neg, of(select, chosen, rows, 0));
  const weight = weights(node, chosen);
  const weighted = node.has(2) ? of(mul, loss, weight) : loss;
  const each = node.compute(sum, [weighted], { axes: [1], keepDims: false });
  const reduction = node.attributes.text("reduction", "mean");
  if (reduction === "none") return reshaped(node, each, target.type.shape);
  const total = (value: Value, axes: readonly number[]) => node.compute(sum, [value], { axes, keepDims: false });
  const all = total(each, [0, 1]);
  if (reduction === "sum") return all;
  if (reduction !== "mean") return node.unsupported(`reduction is ${reduction}`, "Use none, sum or mean.");
  return of(div, all, total(weight, [0, 1, 2]));
}

/** Whether a class is the target: [batch, classes, places]. */
function chosenClasses(node: SourceNode, target: Value, classes: number | string): Value {
  if (typeof classes === "string")
    return node.unsupported(`the number of classes ${classes} is open`, `Give the size of ${classes}.`);
  const of = formulaOf(node);
  const { dtype } = target.type;
  const numbers = fromNumbers(
    dtype,
    [1, classes, 1],
    Array.from({ length: classes }, (_, index) => index),
  );
  const chosen = of(equal, target, node.constant(numbers));
  if (!node.attributes.has("ignore_index")) return chosen;
  return of(logicalAnd, chosen, of(notEqual, target, node.attributes.integer("ignore_index")));
}

/** The weight of each chosen class, 1 without weights, and 0 for the others. */
function weights(node: SourceNode, chosen: Value): Value {
  const ones = converted(node, chosen, "f32");
  if (!node.has(2)) return ones;
  return formulaOf(node)(mul, ones, reshaped(node, node.input(2), [1, node.shape(2)[0], 1]));
}

/** The loss of the softmax of scores, and the logarithms of that softmax. */
function softmaxLoss(node: SourceNode): readonly Value[] {
  const { shape } = node.input(0).type;
  const rows = reshaped(node, node.input(0), [shape[0], shape[1], elementCount(shape.slice(2))]);
  const logarithms = node.compute(logSoftmax, [rows], { axis: 1 });
  return [targetLoss(node, reshaped(node, logarithms, shape)), reshaped(node, logarithms, shape)];
}

/** Losses against target classes. */
export const losses: Readonly<Record<string, Importer>> = {
  NegativeLogLikelihoodLoss: (node) => targetLoss(node, node.input(0)),
  SoftmaxCrossEntropyLoss: softmaxLoss,
};
