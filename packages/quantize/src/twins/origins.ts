import { elementCount, type Graph, isStatic, type Node, type Value } from "@millrace/ir";
import { dequantize, pad, quantize } from "@millrace/ops";

/**
 * Where the numbers of values come from: what a value was before it was only converted between reals and integers, got other axes, or was padded. A value
 * that is not in the map is its own origin.
 */
export function originsOf(graph: Graph): ReadonlyMap<Value, Value> {
  const origins = new Map<Value, Value>();
  for (const node of graph.nodes()) {
    const [read] = node.inputs;
    if (read && (isConversion(node) || onlyMoves(node))) origins.set(node.outputs[0], origins.get(read) ?? read);
  }
  return origins;
}

/** Whether a node only changes how numbers are stored. */
export function isConversion({ op }: Node): boolean {
  return op === quantize || op === dequantize;
}

/** Whether a node gives all elements of its only data in another order or shape, or with a border, which a layer may make itself as well. */
export function onlyMoves({ op, inputs, outputs }: Node): boolean {
  if (op === pad) return true;
  if (op.quantization.kind !== "same" || op.quantization.rounds || outputs.length !== 1) return false;
  const [data, ...others] = inputs.filter((value) => value !== undefined && value.constant === undefined);
  if (data === undefined || data !== inputs[0] || others.length > 0) return false;
  const [before, after] = [data.type.shape, outputs[0].type.shape];
  return isStatic(before) && isStatic(after) && elementCount(before) === elementCount(after);
}
