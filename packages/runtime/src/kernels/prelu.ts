import { multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { affineOf, clampToType, type KernelFactory } from "./kernel.ts";
import { pairwise } from "./pairwise.ts";

const single = Math.fround;

/** x where it is positive, else x · slope. */
export const integerPrelu: KernelFactory = (node, { rounding }) => {
  const [x, slope] = node.inputs.map((value) => affineOf(value, node));
  const output = affineOf(node.outputs[0], node);
  const multiply = multiplyBy[rounding];
  const positive = quantizeMultiplier(single(x.scale / output.scale), rounding);
  const negative = quantizeMultiplier(single(single(x.scale * slope.scale) / output.scale), rounding);
  return pairwise((a, b) => {
    const value = a - x.zeroPoint;
    const scaled =
      value >= 0
        ? multiply(value, positive.value, positive.shift)
        : multiply(value * (b - slope.zeroPoint), negative.value, negative.shift);
    return clampToType(scaled + output.zeroPoint, output);
  });
};
