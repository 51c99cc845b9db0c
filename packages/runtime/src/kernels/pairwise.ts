import { type Node, sameShape, type Tensor } from "@millrace/ir";
import { divideByPowerOfTwo } from "../arithmetic/fixed-point.ts";
import { type Multiply, multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { broadcastOffsets } from "./broadcast.ts";
import {
  type Affine,
  activationClamp,
  affineOf,
  clampToType,
  type IntegerData,
  integersOf,
  type Kernel,
  type KernelContext,
  type KernelFactory,
  resultOf,
} from "./kernel.ts";
import { tabulate } from "./stored-table.ts";

/** Applies `combine` to the stored integers of two broadcast inputs. */
export function pairwise(combine: (a: number, b: number) => number): Kernel {
  return ([a, b], [type]) => {
    const { tensor, data } = resultOf(type);
    const [left, right] = [integersOf(a), integersOf(b)];
    if (sameShape(a!.shape, tensor.shape) && sameShape(b!.shape, tensor.shape)) {
      for (let at = 0; at < data.length; at++) data[at] = combine(left[at], right[at]);
    } else {
      const [atLeft, atRight] = broadcastOffsets(
        tensor.shape,
        [a as Tensor, b as Tensor].map(({ shape }) => shape),
      );
      for (let at = 0; at < data.length; at++) data[at] = combine(left[atLeft[at]], right[atRight[at]]);
    }
    return [tensor];
  };
}

/** What arithmetic on two inputs needs: parameters, clamp and multiplication. */
function preparePair(node: Node, { rounding }: KernelContext) {
  const [a, b] = node.inputs.map((value) => affineOf(value, node));
  const output = affineOf(node.outputs[0], node);
  const [low, high] = activationClamp(output, node);
  return { a, b, output, low, high, multiply: multiplyBy[rounding] };
}

/** Every stored integer less its zero point, shifted left and multiplied by `factor`. */
function scaledTable(steps: Affine, shift: number, factor: number, multiply: Multiply): IntegerData {
  const { value, shift: exponent } = quantizeMultiplier(factor);
  return tabulate(steps, "i32", (stored) => multiply((stored - steps.zeroPoint) << shift, value, exponent));
}

function clamped(x: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, x));
}

/** Both inputs brought to twice the greater scale with bits to spare, then added or subtracted and brought to the output's. */
function sumOf(sign: 1 | -1): KernelFactory {
  return (node, context) => {
    const { a, b, output, low, high, multiply } = preparePair(node, context);
    const shift = output.dtype === "i16" ? 15 : 20;
    const common = 2 * Math.max(a.scale, b.scale);
    const left = scaledTable(a, shift, a.scale / common, multiply);
    const right = scaledTable(b, shift, b.scale / common, multiply);
    const { value, shift: exponent } = quantizeMultiplier(common / (2 ** shift * output.scale), context.rounding);
    return pairwise((x, y) => {
      const sum = (left[x - a.minimum] + sign * right[y - b.minimum]) | 0;
      return clamped(multiply(sum, value, exponent) + output.zeroPoint, low, high);
    });
  };
}

export const integerAdd = sumOf(1);
export const integerSub = sumOf(-1);

/** TFLite's 16-bit sums by shifts: the operand with the smaller scale is shifted to the result's, and the sum saturates. */
function shiftedSumOf(sign: 1 | -1): KernelFactory {
  return (node) => {
    const [a, b] = node.inputs.map((value) => affineOf(value, node, ["i16"]));
    const output = affineOf(node.outputs[0], node, ["i16"]);
    const [left, right] = [a, b].map(({ scale }) => Math.round(Math.log2(output.scale / scale)));
    return pairwise((x, y) => clampToType(divideByPowerOfTwo(x, left) + sign * divideByPowerOfTwo(y, right), output));
  };
}

export const integerShiftedAdd = shiftedSumOf(1);
export const integerShiftedSub = shiftedSumOf(-1);

export const integerMul: KernelFactory = (node, context) => {
  const { a, b, output, low, high, multiply } = preparePair(node, context);
  const factor = Math.fround(Math.fround(a.scale * b.scale) / output.scale);
  const { value, shift } = quantizeMultiplier(factor, context.rounding);
  return pairwise((x, y) => {
    const product = (x - a.zeroPoint) * (y - b.zeroPoint);
    return clamped(multiply(product, value, shift) + output.zeroPoint, low, high);
  });
};

export const integerSquaredDifference: KernelFactory = (node, context) => {
  const { a, b, output, low, high, multiply } = preparePair(node, context);
  const shift = 7;
  const common = 2 * Math.max(a.scale, b.scale);
  const left = scaledTable(a, shift, a.scale / common, multiply);
  const right = scaledTable(b, shift, b.scale / common, multiply);
  const multiplier = quantizeMultiplier((common * common) / (2 ** (2 * shift) * output.scale), context.rounding);
  return pairwise((x, y) => {
    const difference = left[x - a.minimum] - right[y - b.minimum];
    const square = Math.imul(difference, difference);
    return clamped(multiply(square, multiplier.value, multiplier.shift) + output.zeroPoint, low, high);
  });
};

/** The greater or lesser of two values, brought to the output's parameters where theirs differ. */
function extreme(choose: (a: number, b: number) => number): KernelFactory {
  return (node, context) => {
    const { a, b, output, multiply } = preparePair(node, context);
    const tables = [a, b].map((steps) => {
      const { value, shift } = quantizeMultiplier(steps.scale / output.scale, context.rounding);
      return tabulate(steps, "i32", (stored) =>
        clamped(multiply(stored - steps.zeroPoint, value, shift) + output.zeroPoint, output.minimum, output.maximum),
      );
    });
    return pairwise((x, y) => choose(tables[0][x - a.minimum], tables[1][y - b.minimum]));
  };
}

export const integerMaximum = extreme(Math.max);
export const integerMinimum = extreme(Math.min);

/** A test of two values on a common scale, with 8 bits after the point as TFLite takes. */
export function comparison(test: (a: number, b: number) => boolean): KernelFactory {
  return (node, context) => {
    const [a, b] = node.inputs.map((value) => affineOf(value, node));
    const multiply = multiplyBy[context.rounding];
    const left = scaledTable(a, 8, a.scale, multiply);
    const right = scaledTable(b, 8, b.scale, multiply);
    return pairwise((x, y) => Number(test(left[x - a.minimum], right[y - b.minimum])));
  };
}
