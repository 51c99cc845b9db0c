import { type Node, sameShape, type Tensor } from "@millrace/ir";
import { divideByPowerOfTwo } from "../arithmetic/fixed-point.ts";
import { type Multiplier, type Multiply, multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { broadcastOffsets } from "./broadcast.ts";
import type { Rescaling } from "./finish.ts";
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

/** How what two stored integers stand for becomes one sum. */
export const combinations = {
  sum: (a, b) => (a + b) | 0,
  product: (a, b) => a * b,
  square: (a, b) => Math.imul(a - b, a - b),
  greatest: Math.max,
  least: Math.min,
} satisfies Record<string, (a: number, b: number) => number>;

/** Arithmetic on two stored integers: tables of what each stands for, least first, and what becomes of the sum. */
export interface PairParts extends Rescaling {
  readonly left: IntegerData;
  readonly right: IntegerData;
  readonly combine: keyof typeof combinations;
}

/** Prepares the arithmetic of a node. */
export type PreparePair = (node: Node, context: KernelContext) => PairParts;

/** What arithmetic on two inputs needs: parameters, clamp and multiplication. */
function preparePair(node: Node, { rounding }: KernelContext) {
  const [a, b] = node.inputs.map((value) => affineOf(value, node));
  const output = affineOf(node.outputs[0], node);
  const [low, high] = activationClamp(output, node);
  return { a, b, output, low, high, zeroPoint: output.zeroPoint, multiply: multiplyBy[rounding] };
}

/** How stored integers of a side become what they stand for: less their zero point, shifted to the left, multiplied. */
export interface ScaledSide {
  readonly places: number;
  readonly multiplier: Multiplier;
}

/** Arithmetic on two stored integers that each are scaled before. */
export interface ScaledPair extends Rescaling {
  readonly sides: readonly [ScaledSide, ScaledSide];
}

/** What every stored integer of a side stands for. */
function scaledTable(steps: Affine, { places, multiplier }: ScaledSide, multiply: Multiply): IntegerData {
  const { value, shift } = multiplier;
  return tabulate(steps, "i32", (stored) => multiply((stored - steps.zeroPoint) << places, value, shift));
}

function clamped(x: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, x));
}

/** The kernel of arithmetic in parts. */
function inParts(prepare: PreparePair): KernelFactory {
  return (node, context) => {
    const { left, right, combine, multiplier, zeroPoint, low, high } = prepare(node, context);
    const [a, b] = node.inputs.map((value) => affineOf(value, node));
    const combined = combinations[combine];
    const multiply = multiplyBy[context.rounding];
    const { value, shift } = multiplier;
    return pairwise((x, y) => {
      const sum = combined(left[x - a.minimum], right[y - b.minimum]);
      return clamped(multiply(sum, value, shift) + zeroPoint, low, high);
    });
  };
}

/** Both inputs brought to twice the greater scale with bits to spare, whose sum or difference is brought to the output's. */
export function scaledSum(node: Node, context: KernelContext): ScaledPair {
  const { a, b, output, multiply, ...rest } = preparePair(node, context);
  const places = output.dtype === "i16" ? 15 : 20;
  const common = 2 * Math.max(a.scale, b.scale);
  const multiplier = quantizeMultiplier(common / (2 ** places * output.scale), context.rounding);
  return { ...rest, sides: [sideOf(a, places, common), sideOf(b, places, common)], multiplier };
}

function sideOf({ scale }: Affine, places: number, common: number): ScaledSide {
  return { places, multiplier: quantizeMultiplier(scale / common) };
}

function sumParts(sign: 1 | -1): PreparePair {
  return (node, context) => {
    const { sides, ...rest } = scaledSum(node, context);
    const { a, b, multiply } = preparePair(node, context);
    const left = scaledTable(a, sides[0], multiply);
    const right = scaledTable(b, sides[1], multiply).map((x) => sign * x) as IntegerData;
    return { ...rest, left, right, combine: "sum" };
  };
}

export const addParts = sumParts(1);
export const subParts = sumParts(-1);
export const integerAdd = inParts(addParts);
export const integerSub = inParts(subParts);

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

function centeredTable(steps: Affine): IntegerData {
  return tabulate(steps, "i32", (stored) => stored - steps.zeroPoint);
}

/** A multiplier that leaves integers of 16 bits as they are. */
export const identityMultiplier: Multiplier = { value: 2 ** 30, shift: 1 };

/** Both inputs as they are, whose product is brought to the output's scale. */
export function scaledProduct(node: Node, context: KernelContext): ScaledPair {
  const { a, b, output, multiply, ...rest } = preparePair(node, context);
  const factor = Math.fround(Math.fround(a.scale * b.scale) / output.scale);
  const same = { places: 0, multiplier: identityMultiplier };
  return { ...rest, sides: [same, same], multiplier: quantizeMultiplier(factor, context.rounding) };
}

export const mulParts: PreparePair = (node, context) => {
  const { sides, ...rest } = scaledProduct(node, context);
  const { a, b } = preparePair(node, context);
  return { ...rest, left: centeredTable(a), right: centeredTable(b), combine: "product" };
};

export const integerMul = inParts(mulParts);

export const squaredDifferenceParts: PreparePair = (node, context) => {
  const { a, b, output, multiply, ...rest } = preparePair(node, context);
  const places = 7;
  const common = 2 * Math.max(a.scale, b.scale);
  const left = scaledTable(a, sideOf(a, places, common), multiply);
  const right = scaledTable(b, sideOf(b, places, common), multiply);
  const multiplier = quantizeMultiplier((common * common) / (2 ** (2 * places) * output.scale), context.rounding);
  return { ...rest, left, right, combine: "square", multiplier };
};

export const integerSquaredDifference = inParts(squaredDifferenceParts);

/** The greater or lesser of two values, brought to the output's parameters where theirs differ. */
function extremeParts(combine: "greatest" | "least"): PreparePair {
  return (node, context) => {
    const { a, b, output, multiply } = preparePair(node, context);
    const { minimum: low, maximum: high } = output;
    const [left, right] = [a, b].map((steps) => {
      const { value, shift } = quantizeMultiplier(steps.scale / output.scale, context.rounding);
      return tabulate(steps, "i32", (stored) =>
        clamped(multiply(stored - steps.zeroPoint, value, shift) + output.zeroPoint, low, high),
      );
    });
    return { left, right, combine, multiplier: identityMultiplier, zeroPoint: 0, low, high };
  };
}

export const maximumParts = extremeParts("greatest");
export const minimumParts = extremeParts("least");
export const integerMaximum = inParts(maximumParts);
export const integerMinimum = inParts(minimumParts);

/** A test of two values on a common scale, with 8 bits after the point as TFLite takes. */
export function comparison(test: (a: number, b: number) => boolean): KernelFactory {
  return (node, context) => {
    const [a, b] = node.inputs.map((value) => affineOf(value, node));
    const multiply = multiplyBy[context.rounding];
    const left = scaledTable(a, sideOf(a, 8, 1), multiply);
    const right = scaledTable(b, sideOf(b, 8, 1), multiply);
    return pairwise((x, y) => Number(test(left[x - a.minimum], right[y - b.minimum])));
  };
}
