import type { Value } from "@millrace/ir";
import { concat, conv2d, mul, pad, sigmoid } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";
import { asPlane, fromPlane } from "./spatial.ts";
import { sliced } from "./weights.ts";

/** A convolution of each channel with what came before: the end of the earlier data, or zeros. The end of these is the next state. */
function causalConvolution(node: SourceNode): readonly Value[] {
  const { attributes } = node;
  const activation = attributes.text("activation", "none");
  if (!["none", "silu", "swish"].includes(activation)) node.invalid(`activation is ${activation}`);
  const weights = node.weights(1);
  const [channels, , size] = weights.type.shape;
  const length = node.shape(0)[2];
  if (typeof channels !== "number" || typeof size !== "number" || typeof length !== "number")
    return node.unsupported("a size of its data or weights is open", "Give the sizes of the inputs.");
  const whole = withPast(node, size - 1);
  const inputs = [asPlane(node, whole), asPlane(node, weights), ...(node.has(2) ? [node.weights(2)] : [])];
  const result = node.emit(conv2d, inputs, {
    stride: [1, 1],
    dilation: [1, 1],
    padding: [0, 0, 0, 0],
    groups: channels,
    layout: "first",
    activation: "none",
  });
  const flat = fromPlane(node, result, 1);
  const of = formulaOf(node);
  return [activation === "none" ? flat : of(mul, flat, of(sigmoid, flat)), sliced(node, whole, 2, length, size - 1)];
}

function withPast(node: SourceNode, count: number): Value {
  if (count === 0) return node.input(0);
  if (node.has(3)) return node.compute(concat, [node.input(3), node.input(0)], { axis: 2 });
  return node.compute(pad, [node.input(0)], { before: [0, 0, count], after: [0, 0, 0], mode: "constant", value: 0 });
}

/** Operators that keep the end of what they saw for the next run. */
export const caches: Readonly<Record<string, Importer>> = {
  CausalConvWithState: causalConvolution,
};
