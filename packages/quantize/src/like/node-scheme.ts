import type { Node } from "@millrace/ir";
import type { SchemeName } from "../scheme.ts";
import { slotOf } from "../slot.ts";

/** The scheme by which a node of an integer graph computes; undefined where its results are no reals. */
export function schemeOf(node: Node): SchemeName | undefined {
  const { dtype, quantization } = node.outputs[0].type;
  const weights = weightsOf(node)?.type;
  if (dtype === "f32" && weights?.quantization) return weights.dtype === "i4" ? "dynamic-int4" : "dynamic";
  if (dtype === "f32") return "float32";
  if (quantization === undefined) return undefined;
  if (dtype === "i16") return "int16x8";
  return weights?.dtype === "i4" ? "int4" : "int8";
}

/** Whether a layer of an integer graph has several output channels, and one scale for all their weights. */
export function hasOneScale(node: Node): boolean {
  const weights = weightsOf(node);
  const rule = node.op.quantization;
  if (weights?.type.quantization === undefined || rule.kind !== "free" || rule.weights === undefined) return false;
  const { shape } = weights.constant!;
  return weights.type.quantization.scale.length === 1 && shape[rule.weights.axis(node.attributes, shape.length)] > 1;
}

function weightsOf(node: Node) {
  const rule = node.op.quantization;
  const weights = rule.kind === "free" && rule.weights ? node.inputs[slotOf(node, rule.weights.weights)] : undefined;
  return weights?.constant ? weights : undefined;
}
