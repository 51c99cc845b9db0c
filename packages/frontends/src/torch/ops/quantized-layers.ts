import { fromNumbers, numbersOf, type Value } from "@millrace/ir";
import { add } from "@millrace/ops";
import { plain } from "../../onnx/ops/elementwise.ts";
import { dequantized, type Parameters, quantized } from "../../onnx/ops/quantization-parameters.ts";
import { transposedMatrix, weightedProduct } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { overloads } from "./overloads.ts";
import { inGroups, zeroPointOf } from "./quantization.ts";

/** A matrix of integers as reals, with a scale for each row or for groups in it. */
function realMatrix(call: Call, weights: Value): Value {
  const { arguments: given } = call;
  const scale = call.realOf(given.tensor("weight_scales"));
  const zero = given.optionalTensor("weight_zero_points");
  const zeroPoint = zero && zeroPointOf(call, zero, weights.type.dtype);
  const [depth, groups] = [weights.type.shape[1], scale.type.shape[1] ?? 1];
  if (typeof depth !== "number" || typeof groups !== "number" || groups < 1)
    return call.invalid(`it has groups for weights of [${weights.type.shape}] by scales of [${scale.type.shape}]`);
  const parameters = inGroups(call, weights, Math.floor(depth / groups), { scale, zeroPoint });
  return dequantized(call.writer, weights, parameters);
}

/** Numbers of few bits in a byte: the places of their lowest bits in order, and how many bits each has. */
interface Packing {
  readonly bits: number;
  readonly places: readonly number[];
}

const halves: Packing = { bits: 4, places: [4, 0] };
const quarters: Packing = { bits: 2, places: [0, 2, 4, 6] };

/** Signed integers out of the bytes that they are packed in, which hold them without a sign. */
function unpacked(call: Call, value: Value, { bits, places }: Packing): Value {
  const tensor = call.writer.constantTensor(value, "its weight");
  const [rows, packed] = tensor.shape;
  const count = call.count(tensor.data.length * places.length);
  const bytes = numbersOf(tensor);
  const levels = 2 ** bits;
  const numbers = Float64Array.from(
    { length: count },
    (_, at) => ((bytes[Math.floor(at / places.length)] >> places[at % places.length]) & (levels - 1)) - levels / 2,
  );
  return call.writer.constant(fromNumbers("i8", [rows, packed * places.length], numbers));
}

/** Rows of a table of integers, as reals. */
function embedding(packing?: Packing): Handler {
  return (call) => {
    const weight = call.arguments.tensor("weight");
    if (weight.type.shape.length !== 2) return call.invalid(`its weight has ${weight.type.shape.length} axes`);
    const table = realMatrix(call, packing ? unpacked(call, weight, packing) : weight);
    return call.onnx("Gather", [table, call.arguments.tensor("indices")], { axis: 0 });
  };
}

/** Reals times a matrix of integers; `isTurned` where that has a row for each result. */
function mixedProduct(isTurned: boolean): Handler {
  return (call) => {
    const weights = realMatrix(call, call.arguments.tensor("weight"));
    const matrix = isTurned ? transposedMatrix(call.writer, weights) : weights;
    return weightedProduct(call.writer, call.realOf(call.arguments.tensor("input")), matrix);
  };
}

/** A sum of quantized tensors, quantized in parameters of its own. */
function sum(call: Call): Value {
  const { arguments: given } = call;
  const parameters = (name: string): Parameters => ({
    scale: call.valueOf(given.operand(`${name}_scale`), "f32"),
    zeroPoint: call.valueOf(given.operand(`${name}_zero_point`), given.tensor("a").type.dtype),
    axis: 0,
    blockSize: 0,
  });
  const [a, b] = ["a", "b"].map((name) => dequantized(call.writer, given.tensor(name), parameters(name)));
  const limits = [given.integer("out_quant_min"), given.integer("out_quant_max")] as const;
  const result = call.compute(add, [a, b], plain);
  return quantized(call.writer, result, given.tensor("a").type.dtype, { ...parameters("out"), limits });
}

/** Operators on quantized tensors and weights, by overload. */
export const quantizedLayers: Readonly<Record<string, Handler>> = {
  ...overloads("quantized_decomposed.embedding_byte", ["default", "dtype"], embedding()),
  ...overloads("quantized_decomposed.embedding_4bit", ["default", "dtype"], embedding(halves)),
  ...overloads("quantized_decomposed.embedding_2bit", ["default", "dtype"], embedding(quarters)),
  "quantized_decomposed.mixed_mm.default": mixedProduct(false),
  "quantized_decomposed.mixed_linear.default": mixedProduct(true),
  "quantized_decomposed.add.default": sum,
};
