import { type DType, fromNumbers, integerRange, type Value } from "@millrace/ir";
import { dequantized, type Parameters, quantized } from "../../onnx/ops/quantization-parameters.ts";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { isScalar } from "../types.ts";
import { wholeReals } from "./chosen-parameters.ts";
import { overloads } from "./overloads.ts";

type ParametersOf = (call: Call, stored: DType) => Parameters;

const forAll = { axis: 0, blockSize: 0 } as const;

/** One scale and zero point for the whole tensor, as numbers or as tensors. */
function forTensor(call: Call, stored: DType): Parameters {
  const zeroPoint = call.arguments.operand("zero_point");
  return {
    scale: call.valueOf(call.arguments.operand("scale"), "f32"),
    zeroPoint: isScalar(zeroPoint) ? call.valueOf(zeroPoint, stored) : zeroPointOf(call, zeroPoint, stored),
    ...forAll,
  };
}

/** A scale and a zero point for each index of an axis. */
function forChannels(call: Call, stored: DType): Parameters {
  return { ...listed(call, stored), axis: call.arguments.integer("axis"), blockSize: 0 };
}

/** Those of each row along the last axis, which broadcast. */
function forRows(call: Call, stored: DType): Parameters {
  return { ...listed(call, stored), ...forAll };
}

/** Those of each group of neighbours in a row of a matrix. */
function forGroups(call: Call, stored: DType): Parameters {
  return inGroups(call, call.arguments.tensor("input"), call.arguments.integer("group_size"), listed(call, stored));
}

/** Scales and zero points for `size` neighbours each in the rows of a matrix, which are for the whole rows where there are no more in them. */
export function inGroups(
  call: Call,
  { type: { shape } }: Value,
  size: number,
  { scale, zeroPoint }: Pick<Parameters, "scale" | "zeroPoint">,
): Parameters {
  const [rows, depth] = shape;
  if (shape.length !== 2 || typeof rows === "string" || typeof depth === "string")
    return call.invalid(`groups are parts of a matrix of fixed size, and it has [${shape}]`);
  if (!(size > 0 && (size > depth || depth % size === 0)))
    return call.invalid(`groups of ${size} do not fill rows of ${depth} numbers`);
  const isWhole = size >= depth;
  const entries = isWhole ? [rows] : [rows, depth / size];
  return {
    scale: reshaped(call.writer, scale, entries),
    zeroPoint: zeroPoint && reshaped(call.writer, zeroPoint, entries),
    axis: isWhole ? 0 : 1,
    blockSize: isWhole ? 0 : size,
  };
}

function listed(call: Call, stored: DType): Pick<Parameters, "scale" | "zeroPoint"> {
  const zeroPoint = call.arguments.optionalTensor("zero_points");
  return {
    scale: call.realOf(call.arguments.tensor("scales")),
    zeroPoint: zeroPoint && zeroPointOf(call, zeroPoint, stored),
  };
}

/** Zero points are of other types in PyTorch; here of the type that is quantized to, or reals where they lie between integers or are computed. */
export function zeroPointOf(call: Call, value: Value, stored: DType): Value {
  if (!call.writer.isConstant(value)) return wholeReals(call, value);
  const { shape } = value.type;
  const numbers = call.writer.constantNumbers(value, "the zero point");
  const [least, greatest] = integerRange(stored);
  const fit = numbers.every((number) => Number.isInteger(number) && number >= least && number <= greatest);
  return fit ? call.writer.constant(fromNumbers(stored, shape as readonly number[], numbers)) : call.realOf(value);
}

/** The least and the greatest integer that the node uses of a type. */
export function limitsOf(call: Call, stored: DType): readonly [least: number, greatest: number] {
  const [least, greatest] = integerRange(stored);
  return [limitOf(call, "quant_min", least), limitOf(call, "quant_max", greatest)];
}

/** A limit as a number or a constant tensor; `initial` where it is None. */
function limitOf(call: Call, name: string, initial: number): number {
  if (!call.arguments.has(name)) return initial;
  const limit = call.arguments.operand(name);
  return isScalar(limit) ? limit.value : call.writer.constantNumbers(limit, `its ${name}`)[0];
}

/** Integers that stand for reals. */
function quantization(parametersOf: ParametersOf): Handler {
  return (call) => {
    const dtype = call.arguments.dtype("dtype") ?? call.invalid("it has no dtype");
    const parameters = { ...parametersOf(call, dtype), limits: limitsOf(call, dtype) };
    return quantized(call.writer, call.realOf(call.arguments.tensor("input")), dtype, parameters);
  };
}

function dequantization(parametersOf: ParametersOf): Handler {
  return (call) => {
    const x = call.arguments.tensor("input");
    return dequantized(call.writer, x, parametersOf(call, x.type.dtype));
  };
}

const integerTypes: readonly DType[] = ["i8", "u8", "i16", "u16", "i32"];

/** Quantizes and dequantizes at once, as in training that is aware of it. */
function fakeQuantization(input: string, parametersOf: ParametersOf): Handler {
  return (call) => {
    const limits = [call.arguments.integer("quant_min"), call.arguments.integer("quant_max")] as const;
    const dtype =
      integerTypes.find((type) => limits[0] >= integerRange(type)[0] && limits[1] <= integerRange(type)[1]) ??
      call.unsupported(`its range is ${limits[0]} to ${limits[1]}`, "Use a range that 32-bit integers have.");
    const parameters = parametersOf(call, dtype);
    const x = call.realOf(call.arguments.tensor(input));
    const stored = quantized(call.writer, x, dtype, { ...parameters, limits });
    return [dequantized(call.writer, stored, parameters), undefined];
  };
}

/** A scale and a zero point for each index of an axis, in the arguments of ATen's operators. */
function forAtenChannels(call: Call, stored: DType): Parameters {
  return { ...forTensor(call, stored), axis: call.arguments.integer("axis") };
}

const kinds = [
  ["per_tensor", ["default", "tensor", "tensor2"], forTensor],
  ["per_channel", ["default"], forChannels],
  ["per_token", ["default"], forRows],
  ["per_channel_group", ["default"], forGroups],
] as const;

/** PT2E's operators, which `foldQuantization` makes integer nodes of, and those of training aware of quantization, by overload. */
export const quantizations: Readonly<Record<string, Handler>> = {
  ...Object.fromEntries(
    kinds.flatMap(([kind, names, parametersOf]) =>
      Object.entries({
        ...overloads(`quantized_decomposed.quantize_${kind}`, names, quantization(parametersOf)),
        ...overloads(`quantized_decomposed.dequantize_${kind}`, names, dequantization(parametersOf)),
      }),
    ),
  ),
  "quantized_decomposed.fake_quant_per_channel.default": fakeQuantization("input", forChannels),
  ...overloads(
    "aten.fake_quantize_per_tensor_affine",
    ["default", "tensor_qparams"],
    fakeQuantization("self", forTensor),
  ),
  "aten.fake_quantize_per_tensor_affine_cachemask.default": fakeQuantization("self", forTensor),
  "aten._fake_quantize_per_tensor_affine_cachemask_tensor_qparams.default": fakeQuantization("self", forTensor),
  "aten.fake_quantize_per_channel_affine.default": fakeQuantization("self", forAtenChannels),
  "aten.fake_quantize_per_channel_affine_cachemask.default": fakeQuantization("self", forAtenChannels),
};
