import type { DType, Quantization, Value } from "@millrace/ir";
import { dequantize, quantize } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";

/** Scale and zero point of inputs 1 and 2: one for the tensor, or one for each index of the attribute axis. */
function parameters(node: SourceNode): Quantization {
  const { attributes } = node;
  const rank = node.shape(0).length;
  const given = attributes.integer("axis", 1);
  if (attributes.integer("block_size", 0) !== 0)
    node.unsupported("block_size is not 0", "Quantize per tensor or per axis.");
  const scale = node.numbers(1);
  if (!scale.every((step) => step > 0 && Number.isFinite(step))) node.invalid("a scale is not positive and finite");
  const zeroPoint = node.has(2) ? node.numbers(2) : scale.map(() => 0);
  if (node.shape(1).length > 1)
    node.unsupported(`its scale has ${node.shape(1).length} axes`, "Quantize per tensor or per axis.");
  if (zeroPoint.length !== scale.length)
    node.invalid(`it has ${scale.length} scales and ${zeroPoint.length} zero points`);
  return { scale, zeroPoint, ...(scale.length > 1 && { axis: node.axis(given, rank) }) };
}

function quantization(node: SourceNode): Value {
  const { attributes } = node;
  const { scale, zeroPoint, axis = -1 } = parameters(node);
  attributes.ignore("saturate");
  const stated = attributes.integer("output_dtype", 0);
  if (attributes.integer("precision", 0) > 1) node.unsupported("precision is not float32", "Divide in float32.");
  const dtype: DType = node.has(2) ? node.input(2).type.dtype : stated ? node.elementType(stated) : "u8";
  return node.emit(quantize, [node.input(0)], { dtype, scale, zeroPoint, axis });
}

function dequantization(node: SourceNode): Value {
  const parametersOfX = parameters(node);
  node.attributes.ignore("output_dtype");
  return node.emit(dequantize, [node.quantized(node.input(0), parametersOfX)], {});
}

export const quantizations: Readonly<Record<string, Importer>> = {
  QuantizeLinear: quantization,
  DequantizeLinear: dequantization,
};
