import { type DType, fromNumbers, integerRange, type Value } from "@millrace/ir";
import { dequantized, type Parameters, quantized } from "../../onnx/ops/quantization-parameters.ts";
import type { Call, Handler } from "../call.ts";

/** One scale and zero point for the whole tensor, as numbers or as tensors. */
function forTensor(call: Call, stored: DType): Parameters {
  return {
    scale: call.valueOf(call.arguments.operand("scale"), "f32"),
    zeroPoint: call.valueOf(call.arguments.operand("zero_point"), stored),
    axis: 0,
    blockSize: 0,
  };
}

/** A scale and a zero point for each index of an axis. */
function forChannels(call: Call, stored: DType): Parameters {
  const zeroPoint = call.arguments.optionalTensor("zero_points");
  return {
    scale: call.realOf(call.arguments.tensor("scales")),
    zeroPoint: zeroPoint && constantIn(call, zeroPoint, stored),
    axis: call.arguments.integer("axis"),
    blockSize: 0,
  };
}

/** Zero points are int64 in PyTorch, and of the type that is quantized to here. */
function constantIn(call: Call, value: Value, dtype: DType): Value {
  if (!call.writer.isConstant(value)) return call.converted(value, dtype);
  const { shape } = value.type;
  const numbers = call.writer.constantNumbers(value, "the zero point");
  return call.writer.constant(fromNumbers(dtype, shape as readonly number[], numbers));
}

type ParametersOf = (call: Call, stored: DType) => Parameters;

/** Integers that stand for reals. */
function quantization(parametersOf: ParametersOf): Handler {
  return (call) => {
    const dtype = call.arguments.dtype("dtype") ?? call.invalid("it has no dtype");
    return quantized(call.writer, call.realOf(call.arguments.tensor("input")), dtype, parametersOf(call, dtype));
  };
}

function dequantization(parametersOf: ParametersOf): Handler {
  return (call) => {
    const x = call.arguments.tensor("input");
    return dequantized(call.writer, x, parametersOf(call, x.type.dtype));
  };
}

/** Quantizes and dequantizes at once, as in training that is aware of it. */
function fakeQuantization(call: Call): Value {
  const { arguments: given } = call;
  const [least, greatest] = [given.integer("quant_min"), given.integer("quant_max")];
  const dtype: DType = least >= 0 ? "u8" : "i8";
  const parameters: Parameters = {
    scale: call.valueOf(given.operand("scale"), "f32"),
    zeroPoint: call.valueOf(given.operand("zero_point"), dtype),
    axis: given.given("axis") ? given.integer("axis") : 0,
    blockSize: 0,
  };
  const x = given.tensor("self");
  const [low, high] = integerRange(dtype);
  if (least !== low || greatest !== high)
    return call.unsupported(`its range is ${least} to ${greatest}`, `Use the range of the type, ${low} to ${high}.`);
  return dequantized(call.writer, quantized(call.writer, x, dtype, parameters), parameters);
}

/** PT2E's operators, which `foldQuantization` makes integer nodes of, by overload. */
export const quantizations: Readonly<Record<string, Handler>> = {
  "quantized_decomposed.quantize_per_tensor.default": quantization(forTensor),
  "quantized_decomposed.quantize_per_tensor.tensor": quantization(forTensor),
  "quantized_decomposed.quantize_per_tensor.tensor2": quantization(forTensor),
  "quantized_decomposed.quantize_per_channel.default": quantization(forChannels),
  "quantized_decomposed.dequantize_per_tensor.default": dequantization(forTensor),
  "quantized_decomposed.dequantize_per_tensor.tensor": dequantization(forTensor),
  "quantized_decomposed.dequantize_per_tensor.tensor2": dequantization(forTensor),
  "quantized_decomposed.dequantize_per_channel.default": dequantization(forChannels),
  "aten.fake_quantize_per_tensor_affine.default": fakeQuantization,
  "aten.fake_quantize_per_channel_affine.default": fakeQuantization,
};
