import type { Node } from "@millrace/ir";
import { type Multiplier, multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { affineOf, clampToType, type KernelContext, type KernelFactory } from "./kernel.ts";
import { pairwise } from "./pairwise.ts";

const single = Math.fround;

/** What brings x to the output's scale, and x · slope. */
export function preluMultipliers(
  node: Node,
  { rounding }: KernelContext,
): Readonly<Record<"positive" | "negative", Multiplier>> {
  const [x, slope, output] = [...node.inputs, ...node.outputs].map((value) => affineOf(value, node));
  return {
    positive: quantizeMultiplier(single(x.scale / output.scale), rounding),
    negative: quantizeMultiplier(single(single(x.scale * slope.scale) / output.scale), rounding),
  };
}

/** x where it is positive, else x · slope. */
export const integerPrelu: KernelFactory = (node, context) => {
  const [x, slope] = node.inputs.map((value) => affineOf(value, node));
  const output = affineOf(node.outputs[0], node);
  const multiply = multiplyBy[context.rounding];
  const { positive, negative } = preluMultipliers(node, context);
  return pairwise((a, b) => {
    const value = a - x.zeroPoint;
    const scaled =
      value >= 0
        ? multiply(value, positive.value, positive.shift)
        : multiply(value * (b - slope.zeroPoint), negative.value, negative.shift);
    return clampToType(scaled + output.zeroPoint, output);
  });
};
