import { type Node, type Tensor, tensorOf } from "@millrace/ir";
import { hyperbolicTangent, logistic } from "../arithmetic/exponential.ts";
import { divideByPowerOfTwo } from "../arithmetic/fixed-point.ts";
import { inverseSquareRoot } from "../arithmetic/inverse-square-root.ts";
import { byteTable, lookUpWord, wordTable } from "../arithmetic/lookup.ts";
import { multiplyBy, quantizeMultiplier } from "../arithmetic/multiplier.ts";
import { sigmoidOfWord, tanhOfWord, wordScaling } from "../arithmetic/sigmoid-table.ts";
import { type Affine, clampTo, clampToType, type KernelContext, type KernelFactory } from "./kernel.ts";
import { elementwise } from "./stored-table.ts";

/** The node's operator as a function of one float32 number. */
function realFunction({ op, attributes }: Node): (x: number) => number {
  const input = new Float32Array(1);
  const tensor: Tensor = tensorOf("f32", [1], input);
  return (x) => {
    input[0] = x;
    return op.evaluate!([tensor], attributes, [{ dtype: "f32", shape: [1] }])[0].data[0] as number;
  };
}

/** The operator's float32 function at every stored value, interpolated between 512 steps for 16 bits. `outside` stands in where the function has no value. */
function tableOf(node: Node, input: Affine, output: Affine, outside = output.minimum): (stored: number) => number {
  const apply = realFunction(node);
  const edge = Math.fround(output.scale * (outside - output.zeroPoint));
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
export const tabulated: KernelFactory = elementwise((node, _, input, output) => tableOf(node, input, output));

/** Ratio of the scales, divided in float32. */
function ratio(input: Affine, output: Affine): number {
  return Math.fround(input.scale / output.scale);
}

/** Integers times a factor, plus the output's zero point. */
function rescale(output: Affine, factor: number, { rounding }: KernelContext) {
  const { value, shift } = quantizeMultiplier(factor, rounding);
  const multiply = multiplyBy[rounding];
  return (x: number) => multiply(x, value, shift) + output.zeroPoint;
}

export const integerClamp: KernelFactory = elementwise((node, context, input, output) => {
  const { minimum, maximum } = node.attributes as { readonly minimum: number; readonly maximum: number };
  const [low, high] = clampTo(output, [minimum, maximum]);
  const scaled = rescale(output, ratio(input, output), context);
  return (stored) => Math.max(low, Math.min(high, scaled(stored - input.zeroPoint)));
});

export const integerAbs: KernelFactory = elementwise((_, context, input, output) => {
  const scaled = rescale(output, ratio(input, output), context);
  return (stored) => clampToType(scaled(Math.abs(stored - input.zeroPoint)), output);
});

export const integerLeakyRelu: KernelFactory = elementwise((node, context, input, output) => {
  const alpha = Math.fround(node.attributes.alpha as number);
  const positive = rescale(output, ratio(input, output), context);
  const negative = rescale(output, Math.fround(Math.fround(input.scale * alpha) / output.scale), context);
  return (stored) => {
    const x = stored - input.zeroPoint;
    return clampToType(x >= 0 ? positive(x) : negative(x), output);
  };
});

/** Integers to other parameters. */
export const requantize: KernelFactory = elementwise((_, context, input, output) => {
  const scaled = rescale(output, input.scale / output.scale, context);
  return (stored) => clampToType(scaled(stored - input.zeroPoint), output);
});

/** 1/√x: by integer Newton-Raphson steps for 8 bits, by table for 16; x ≤ 0 gives the greatest result. */
export const integerRsqrt: KernelFactory = elementwise((node, context, input, output) => {
  if (input.dtype === "i16") return tableOf(node, input, output, output.maximum);
  const root = Math.fround(Math.sqrt(input.scale));
  const { value, shift } = quantizeMultiplier(1 / Math.fround(root * output.scale), context.rounding);
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

/** What distinguishes sigmoid and tanh, in the 8-bit fixed-point form of TFLite Micro and in the 16-bit form of both runtimes. */
interface Saturating {
  readonly fixed: (x: number, integerBits: number) => number;
  readonly fractionalBits: number;
  readonly word: (x: number) => number;
  /** Left shifts of a power-of-two scale at which the 16-bit form takes it as it is. */
  readonly shifts: readonly number[];
}

function saturating({ fixed, fractionalBits, word, shifts }: Saturating): KernelFactory {
  return elementwise((node, context, input, output) => {
    if (input.dtype === "i16") {
      const { factor, shift } = wordScaling(input.scale, shifts);
      const half = shift > 0 ? 2 ** (shift - 1) : 0;
      return (stored) => word((stored * factor + half) >> shift);
    }
    if (context.flavor === "tflite") return tableOf(node, input, output);
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

export const integerSigmoid = saturating({ fixed: logistic, fractionalBits: 8, word: sigmoidOfWord, shifts: [0] });
export const integerTanh = saturating({
  fixed: hyperbolicTangent,
  fractionalBits: 7,
  word: tanhOfWord,
  shifts: [0, 1],
});
