import { type Node, type Shape, sameShape, type Value } from "@millrace/ir";
import { attention } from "@millrace/ops";
import type { OnnxEmitter, OnnxLowering } from "./emitter.ts";

/** The opset that brought the operator. */
const since = 23;

/** Whether ONNX's operator says it: the axes before the last two are a batch and heads, and the mask, if any, has all queries and keys. */
function hasOperator(node: Node): boolean {
  const { query, key, value, mask } = attention.inputsOf(node);
  const batch = query.type.shape.slice(0, -2);
  const isSame = ({ type }: Value) => sameShape(type.shape.slice(0, -2), batch);
  const scores: Shape = [query.type.shape.at(-2)!, key.type.shape.at(-2)!];
  const fits = mask === undefined || sameShape(mask.type.shape.slice(-2), scores);
  return batch.length === 2 && [key, value].every(isSame) && fits;
}

/** Two products with a softmax between them. */
function writeOut(node: Node, emit: OnnxEmitter, outputs: readonly string[]): void {
  const { query, key, value, mask } = attention.inputsOf(node);
  const { scale } = attention.attributesOf(node);
  const rank = key.type.shape.length;
  const perm = [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
  const product = emit.node("MatMul", [emit.read(query), emit.node("Transpose", [emit.read(key)], { perm })]);
  const scores = scale === 1 ? product : emit.node("Mul", [product, emit.scalar("scale", scale)]);
  const masked = mask ? emit.node("Add", [scores, emit.read(mask)]) : scores;
  emit.node("MatMul", [emit.node("Softmax", [masked], { axis: -1 }), emit.read(value)], {}, outputs);
}

/** ONNX has an operator for attention since opset 23; before, and where axes broadcast, it is written out. */
export const lowerAttention: OnnxLowering = (node, emit, outputs) => {
  if (emit.opset < since || !hasOperator(node)) return writeOut(node, emit, outputs);
  const { scale } = attention.attributesOf(node);
  const inputs = node.inputs.map((value) => emit.read(value));
  emit.node("Attention", inputs, { scale: { float: scale } }, outputs);
};
