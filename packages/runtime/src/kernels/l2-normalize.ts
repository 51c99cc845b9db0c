import { elementCount } from "@millrace/ir";
import { inverseSquareRoot } from "../arithmetic/inverse-square-root.ts";
import { multiplyBy } from "../arithmetic/multiplier.ts";
import { affineOf, clampToType, integersOf, type KernelFactory, resultOf } from "./kernel.ts";

/** Result steps of 2^-7. */
const outputBits = 7;

/**
 * x / √Σ x² of bytes along one axis, by integer Newton-Raphson steps (TFLite's L2_NORMALIZATION, which brings unsigned differences
 * to the result's steps before it divides them, signed ones after).
 */
export const integerL2Normalize: KernelFactory = (node, { rounding }) => {
  const [input, output] = [affineOf(node.inputs[0], node, ["i8", "u8"]), affineOf(node.outputs[0], node, ["i8", "u8"])];
  const multiply = multiplyBy[rounding];
  const [before, after] = input.dtype === "u8" ? [2 ** outputBits, 0] : [1, outputBits];
  return ([x], [type], attributes) => {
    const source = integersOf(x);
    const axis = attributes.axis as number;
    const [size, step] = [x!.shape[axis], elementCount(x!.shape.slice(axis + 1))];
    const { tensor, data } = resultOf(type);
    for (let line = 0; line < data.length / size; line++) {
      const first = Math.floor(line / step) * size * step + (line % step);
      const end = first + size * step;
      let squares = 0;
      for (let at = first; at < end; at += step) squares += (source[at] - input.zeroPoint) ** 2;
      const { value, shift } = inverseSquareRoot(squares);
      for (let at = first; at < end; at += step) {
        const scaled = multiply((source[at] - input.zeroPoint) * before, value, shift + after);
        data[at] = clampToType(scaled + output.zeroPoint, output);
      }
    }
    return [tensor];
  };
};
