import { elementCount, type Node } from "@millrace/ir";
import { expOfNegative, reciprocal } from "../arithmetic/exponential.ts";
import { divideByPowerOfTwo, doublingHighMultiply } from "../arithmetic/fixed-point.ts";
import { logarithm } from "../arithmetic/logarithm.ts";
import { lookUpWord, wordTable } from "../arithmetic/lookup.ts";
import { type Multiplier, multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import {
  affineOf,
  clampToType,
  type IntegerData,
  integersOf,
  type Kernel,
  type KernelContext,
  type KernelFactory,
  resultOf,
} from "./kernel.ts";

/** Elements of one line of a tensor: first, first + step, … */
interface Line {
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

/** Computes every line along an axis. */
function linewise(axis: number, compute: (source: IntegerData, target: IntegerData, line: Line) => void): Kernel {
  return ([x], [type]) => {
    const { tensor, data } = resultOf(type);
    const count = x!.shape[axis];
    const step = elementCount(x!.shape.slice(axis + 1));
    const lines = count === 0 ? 0 : data.length / count;
    for (let index = 0; index < lines; index++) {
      const inner = index % step;
      compute(integersOf(x), data, { first: (index - inner) * count + inner, step, count });
    }
    return [tensor];
  };
}

function greatestOf(source: IntegerData, { first, step, count }: Line): number {
  let greatest = source[first];
  for (let index = 1; index < count; index++) greatest = Math.max(greatest, source[first + index * step]);
  return greatest;
}

/** Bits before the point of scaled differences and of sums of exponentials. */
const differenceBits = 5;
const sumBits = 12;

/** Multiplier from stored differences to Q5.26, and the least difference whose exponential counts. */
function differenceScaling(beta: number, scale: number, { rounding }: KernelContext) {
  const limit = (rounding === "single" ? 2 ** 30 : 2 ** 31) - 1;
  const multiplier = quantizeMultiplier(Math.min(beta * scale * 2 ** (31 - differenceBits), limit), rounding);
  const radius = Math.floor(((2 ** differenceBits - 1) * 2 ** (31 - differenceBits)) / 2 ** multiplier.shift);
  return { multiplier, least: -radius };
}

/** Exponential of every difference that can occur between two stored values, 0 where it does not count; index = -difference. */
function exponentials(least: number, { value, shift }: Multiplier, { rounding }: KernelContext): Int32Array {
  return Int32Array.from({ length: 256 }, (_, size) =>
    -size < least ? 0 : expOfNegative(multiplyBy[rounding](-size, value, shift), differenceBits),
  );
}

/** Exponentials in Q0.31 of the differences 0, -1, … -255 of a node's stored integers; 0 where they don't count. */
export function softmaxPowers(node: Node, context: KernelContext): Int32Array {
  const beta = Math.fround(node.attributes.beta as number);
  const { multiplier, least } = differenceScaling(beta, affineOf(node.inputs[0], node).scale, context);
  return exponentials(least, multiplier, context);
}

/** 8-bit softmax to 8 or 16 bits in Q0.31 arithmetic. */
const byteSoftmax: KernelFactory = (node, context) => {
  const axis = node.attributes.axis as number;
  const output = affineOf(node.outputs[0], node);
  const powers = softmaxPowers(node, context);
  const bits = output.dtype === "i16" ? 16 : 8;
  return linewise(axis, (source, target, line) => {
    const { first, step, count } = line;
    const greatest = greatestOf(source, line);
    let sum = 0;
    for (let index = 0; index < count; index++)
      sum += divideByPowerOfTwo(powers[greatest - source[first + index * step]], sumBits);
    const inverse = reciprocal(sum, sumBits);
    for (let index = 0; index < count; index++) {
      const at = first + index * step;
      const power = powers[greatest - source[at]];
      const share = divideByPowerOfTwo(doublingHighMultiply(inverse.value, power), inverse.bitsOverUnit + 31 - bits);
      target[at] = power === 0 ? output.minimum : clampToType(share + output.minimum, output);
    }
  });
};

/** 16-bit softmax with tables of exp over [-10, 0] and 1/(1 + x) over [0, 1]. */
const wordSoftmax: KernelFactory = (node, context) => {
  const { axis, beta } = node.attributes as { readonly axis: number; readonly beta: number };
  const scale = Math.fround(affineOf(node.inputs[0], node).scale * Math.fround(beta)) / (10 / 65535);
  const { value, shift } = quantizeMultiplier(scale, context.rounding);
  const multiply = multiplyBy[context.rounding];
  const exact = (x: number) => x;
  const unit = { scale: 2 / 65535, zeroPoint: 0 };
  const powers = wordTable({ scale: 10 / 65535, zeroPoint: 32767 }, unit, Math.exp, exact);
  const inverses = wordTable({ scale: 1 / 65535, zeroPoint: -32768 }, unit, (x) => 1 / (1 + x), exact);
  const clampWord = (x: number) => Math.max(-32768, Math.min(32767, x));
  return linewise(axis, (source, target, line) => {
    const { first, step, count } = line;
    const greatest = greatestOf(source, line);
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const at = first + index * step;
      target[at] = lookUpWord(powers, clampWord(multiply(source[at] - greatest, value, shift) + 32767));
      sum += target[at];
    }
    const headroom = Math.clz32(sum);
    const reduced = Math.floor((sum * 2 ** (headroom - 1) + 2 ** 13) / 2 ** 14);
    const inverse = lookUpWord(inverses, clampWord(reduced - 98304));
    const places = 31 - headroom;
    for (let index = 0; index < count; index++) {
      const at = first + index * step;
      const share = Math.floor((target[at] * inverse + 2 ** (places - 1)) / 2 ** places);
      target[at] = Math.max(0, Math.min(32767, share));
    }
  });
};

export const integerSoftmax: KernelFactory = (node, context) =>
  (node.inputs[0]?.type.dtype === "i16" ? wordSoftmax : byteSoftmax)(node, context);

/** 8-bit log-softmax: differences in Q5.26 less the logarithm of the sum of their exponentials. */
export const integerLogSoftmax: KernelFactory = (node, context) => {
  const axis = node.attributes.axis as number;
  const [input, output] = [affineOf(node.inputs[0], node), affineOf(node.outputs[0], node)];
  const { multiplier, least } = differenceScaling(1, input.scale, context);
  const powers = exponentials(least, multiplier, context);
  const multiply = multiplyBy[context.rounding];
  const reverse = quantizeMultiplier(2 ** (31 - multiplier.shift) / multiplier.value, context.rounding);
  return linewise(axis, (source, target, line) => {
    const { first, step, count } = line;
    const greatest = greatestOf(source, line);
    let sum = 0;
    for (let index = 0; index < count; index++)
      sum += divideByPowerOfTwo(powers[greatest - source[first + index * step]], sumBits);
    const log = logarithm(sum | 0, sumBits, differenceBits);
    const bound = Math.max(least - 1, multiply((log - 0x80000000) | 0, reverse.value, reverse.shift));
    for (let index = 0; index < count; index++) {
      const at = first + index * step;
      const difference = source[at] - greatest;
      const scaled = (multiply(difference, multiplier.value, multiplier.shift) - log) | 0;
      const result = divideByPowerOfTwo(scaled, 31 - differenceBits - 4) + output.zeroPoint;
      target[at] = difference > bound ? clampToType(result, output) : output.minimum;
    }
  });
};
