import { type DType, isFloat, type Value } from "@millrace/ir";
import {
  add,
  cast,
  clamp,
  div,
  equal,
  maximum,
  minimum,
  reduceMax,
  reduceMin,
  round,
  select,
  sub,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { asReal, dequantized, parametersAt, quantized } from "./quantization-parameters.ts";

function parametersOf(node: SourceNode) {
  const { attributes } = node;
  return parametersAt(node, 1, attributes.integer("axis", 1), attributes.integer("block_size", 0));
}

/** The type is that of the zero point, stated by an attribute, or uint8. */
function quantization(node: SourceNode): Value {
  const { attributes } = node;
  attributes.ignore("saturate");
  const stated = attributes.integer("output_dtype", 0);
  if (attributes.integer("precision", 0) > 1) node.unsupported("precision is not float32", "Divide in float32.");
  const dtype: DType = node.has(2) ? node.input(2).type.dtype : stated ? node.elementType(stated) : "u8";
  if (isFloat(dtype)) node.unsupported("it quantizes to floats of few bits", "Quantize to integers.");
  return quantized(node, node.input(0), dtype, parametersOf(node));
}

function dequantization(node: SourceNode): Value {
  node.attributes.ignore("output_dtype");
  return dequantized(node, node.input(0), parametersOf(node));
}

/** uint8 over the range of the data and zero, which is found while the model runs: the integers, their scale and their zero point. */
export function dynamicQuantization(node: SourceNode): readonly Value[] {
  const x = asReal(node, node.input(0));
  const all = { axes: x.type.shape.map((_, axis) => axis), keepDims: false };
  const zero = node.scalar(0);
  const least = node.compute(minimum, [node.compute(reduceMin, [x], all), zero], {});
  const greatest = node.compute(maximum, [node.compute(reduceMax, [x], all), zero], {});
  const range = node.compute(sub, [greatest, least], plain);
  const step = node.compute(div, [range, node.scalar(255)], plain);
  const scale = node.compute(select, [node.compute(equal, [range, zero], {}), node.scalar(1), step], {});
  const bytes = { minimum: 0, maximum: 255 };
  const start = node.compute(div, [node.compute(sub, [zero, least], plain), scale], plain);
  const zeroPoint = node.compute(clamp, [node.compute(round, [start], {})], bytes);
  const steps = node.compute(round, [node.compute(div, [x, scale], plain)], {});
  const stored = node.compute(clamp, [node.compute(add, [steps, zeroPoint], plain)], bytes);
  return [node.compute(cast, [stored], { to: "u8" }), scale, node.compute(cast, [zeroPoint], { to: "u8" })];
}

export const quantizations: Readonly<Record<string, Importer>> = {
  QuantizeLinear: quantization,
  DequantizeLinear: dequantization,
  DynamicQuantizeLinear: dynamicQuantization,
};
