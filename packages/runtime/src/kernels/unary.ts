import { type DType, type Node, numbersOf, type Tensor, tensorOf } from "@millrace/ir";
import { erf, resultTable } from "@millrace/ops";
import { hyperbolicTangent, logistic } from "../arithmetic/exponential.ts";
import { divideByPowerOfTwo } from "../arithmetic/fixed-point.ts";
import { inverseSquareRoot } from "../arithmetic/inverse-square-root.ts";
import { byteTable, lookUpWord, wordTable } from "../arithmetic/lookup.ts";
import { multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { sigmoidOfWord, tanhOfWord, wordScaling } from "../arithmetic/sigmoid-table.ts";
import type { Rescaling } from "./finish.ts";
import {
  type Affine,
  affineOf,
  clampTo,
  clampToType,
  type KernelContext,
  type KernelFactory,
  quantizedTypes,
} from "./kernel.ts";
import { elementwise } from "./stored-table.ts";

const single = Math.fround;

/** The node's operator as a function of one float32 number. */
function realFunction({ op, attributes }: Node): (x: number) => number {
  const input = new Float32Array(1);
  const tensor: Tensor = tensorOf("f32", [1], input);
  return (x) => {
    input[0] = x;
    return op.evaluate!([tensor], attributes, [{ dtype: "f32", shape: [1] }])[0].data[0] as number;
  };
}

/** A float32 function at every stored value, interpolated between 512 steps for 16 bits. `outside` stands in where it has no value. */
function tableOf(
  input: Affine,
  output: Affine,
  apply: (x: number) => number,
  outside = output.minimum,
): (stored: number) => number {
  const edge = single(output.scale * (outside - output.zeroPoint));
  const safe = (x: number) => {
    const result = apply(x);
    return Number.isFinite(result) ? result : edge;
  };
  if (input.dtype === "i16") {
    const table = wordTable(input, output, safe);
    return (stored) => lookUpWord(table, stored);
  }
  const table = byteTable(input.dtype === "u8" ? "u8" : "i8", input, output, safe);
  return (stored) => table[stored - input.minimum];
}

/** Operators whose integer form is a table of their float32 values. */
export const tabulated: KernelFactory = elementwise((node, _, input, output) =>
  tableOf(input, output, realFunction(node)),
);

/** Operators whose integer form is a table that the file holds. */
export const heldAsTable: KernelFactory = elementwise((node, _, input) => {
  const table = numbersOf(resultTable(node));
  return (stored) => table[stored - input.minimum];
});

/** erfc(x) for a float32 x. */
function complementaryError(x: number): number {
  const tensor = tensorOf("f64", [1], Float64Array.of(x));
  const type = { dtype: "f64", shape: [1] } as const;
  return single(1 - (erf.evaluate!([tensor], {}, [type])[0].data[0] as number));
}

const rootOfTwoOverPi = single(Math.sqrt(2 / Math.PI));

/** GELU with every step rounded to float32, as TFLite fills its table. */
export const integerGelu: KernelFactory = elementwise((node, _, input, output) => {
  const exact = (x: number) => single(0.5 * x) * complementaryError(single(x * single(-Math.SQRT1_2)));
  const approximate = (x: number) => {
    const cubed = single(single(single(single(0.044715) * x) * x) * x);
    const bend = single(Math.tanh(single(rootOfTwoOverPi * single(x + cubed))));
    return single(0.5 * x) * single(1 + bend);
  };
  return tableOf(input, output, node.attributes.approximate ? approximate : exact);
});

/** √x in float32, cut off to an integer; x < 0 gives the least result. */
export const integerSqrt: KernelFactory = elementwise((_, __, input, output) => (stored) => {
  const x = single(input.scale * (stored - input.zeroPoint));
  if (x < 0) return output.minimum;
  return clampToType(Math.trunc(single(single(Math.sqrt(x)) / output.scale)) + output.zeroPoint, output);
});

/** Ratio of the scales, divided in float32. */
function ratio(input: Affine, output: Affine): number {
  return single(input.scale / output.scale);
}

/** Integers times a factor, within the output's type. */
function rescalingBy(factor: number, { zeroPoint, minimum, maximum }: Affine, { rounding }: KernelContext): Rescaling {
  return { multiplier: quantizeMultiplier(factor, rounding), zeroPoint, low: minimum, high: maximum };
}

/** A function that does as a rescaling tells. */
function rescaler({ multiplier, zeroPoint, low, high }: Rescaling, { rounding }: KernelContext) {
  const { value, shift } = multiplier;
  const multiply = multiplyBy[rounding];
  return (x: number) => Math.max(low, Math.min(high, multiply(x, value, shift) + zeroPoint));
}

function parametersOf(node: Node, dtypes?: readonly DType[]): readonly [Affine, Affine] {
  return [affineOf(node.inputs[0], node, dtypes), affineOf(node.outputs[0], node, dtypes)];
}

export function clampRescaling(node: Node, context: KernelContext): Rescaling {
  const [input, output] = parametersOf(node);
  const { minimum, maximum } = node.attributes as { readonly minimum: number; readonly maximum: number };
  const [low, high] = clampTo(output, [minimum, maximum]);
  return { ...rescalingBy(ratio(input, output), output, context), low, high };
}

export const integerClamp: KernelFactory = elementwise((node, context, input) => {
  const scaled = rescaler(clampRescaling(node, context), context);
  return (stored) => scaled(stored - input.zeroPoint);
});

export const integerAbs: KernelFactory = elementwise((_, context, input, output) => {
  const scaled = rescaler(rescalingBy(ratio(input, output), output, context), context);
  return (stored) => scaled(Math.abs(stored - input.zeroPoint));
});

/** What becomes of positive and of negative numbers. */
export function leakyReluRescalings(
  node: Node,
  context: KernelContext,
): Readonly<Record<"positive" | "negative", Rescaling>> {
  const [input, output] = parametersOf(node);
  const alpha = single(node.attributes.alpha as number);
  return {
    positive: rescalingBy(ratio(input, output), output, context),
    negative: rescalingBy(single(single(input.scale * alpha) / output.scale), output, context),
  };
}

export const integerLeakyRelu: KernelFactory = elementwise((node, context, input) => {
  const { positive, negative } = leakyReluRescalings(node, context);
  const [rising, falling] = [positive, negative].map((rescaling) => rescaler(rescaling, context));
  return (stored) => {
    const x = stored - input.zeroPoint;
    return x >= 0 ? rising(x) : falling(x);
  };
});

const requantizedTypes: readonly DType[] = [...quantizedTypes, "i4", "u4", "u16", "i32"];

/** How integers come to other parameters, of any type up to 32 bits. */
export function requantizing(node: Node, context: KernelContext): Rescaling {
  const [input, output] = parametersOf(node, requantizedTypes);
  return rescalingBy(input.scale / output.scale, output, context);
}

/** Integers to other parameters. */
export const requantize: KernelFactory = elementwise((node, context, input) => {
  const scaled = rescaler(requantizing(node, context), context);
  return (stored) => scaled(stored - input.zeroPoint);
}, requantizedTypes);

/** 1/√x: by integer Newton-Raphson steps for 8 bits, by table for 16; x ≤ 0 gives the greatest result. */
export const integerRsqrt: KernelFactory = elementwise((node, context, input, output) => {
  if (input.dtype === "i16") return tableOf(input, output, realFunction(node), output.maximum);
  const root = single(Math.sqrt(input.scale));
  const { value, shift } = quantizeMultiplier(1 / single(root * output.scale), context.rounding);
  const multiply = multiplyBy[context.rounding];
  const keep = 20;
  return (stored) => {
    const x = stored - input.zeroPoint;
    if (x <= 0) return output.maximum;
    const inverse = inverseSquareRoot(x);
    const scaled = multiply(1, inverse.value, inverse.shift + keep);
    return clampToType(multiply(scaled, value, shift - keep) + output.zeroPoint, output);
  };
});

/** What distinguishes sigmoid and tanh: in float32 for TFLite's 8-bit tables, in fixed point for TFLite Micro's 8 bits, and for 16 bits in both. */
interface Saturating {
  readonly real: (x: number) => number;
  readonly fixed: (x: number, integerBits: number) => number;
  readonly fractionalBits: number;
  readonly word: (x: number) => number;
  /** Left shifts of a power-of-two scale at which the 16-bit form takes it as it is. */
  readonly shifts: readonly number[];
}

function saturating({ real, fixed, fractionalBits, word, shifts }: Saturating): KernelFactory {
  return elementwise((_, context, input, output) => {
    if (input.dtype === "i16") {
      const { factor, shift } = wordScaling(input.scale, shifts);
      const half = shift > 0 ? 2 ** (shift - 1) : 0;
      return (stored) => word((stored * factor + half) >> shift);
    }
    if (context.flavor === "tflite") return tableOf(input, output, real);
    const { value, shift } = quantizeMultiplier(input.scale * 2 ** 27, context.rounding);
    const radius = Math.floor((15 * 2 ** 27) / 2 ** shift);
    const multiply = multiplyBy[context.rounding];
    return (stored) => {
      const x = stored - input.zeroPoint;
      if (Math.abs(x) >= radius) return x < 0 ? output.minimum : output.maximum;
      const result = fixed(multiply(x, value, shift), 4);
      return clampToType(divideByPowerOfTwo(result, 31 - fractionalBits) + output.zeroPoint, output);
    };
  });
}

export const integerSigmoid = saturating({
  real: (x) => 1 / single(1 + single(Math.exp(-x))),
  fixed: logistic,
  fractionalBits: 8,
  word: sigmoidOfWord,
  shifts: [0],
});

export const integerTanh = saturating({
  real: Math.tanh,
  fixed: hyperbolicTangent,
  fractionalBits: 7,
  word: tanhOfWord,
  shifts: [0, 1],
});
