import { type Graph, isStatic, sameShape, type Value } from "@millrace/ir";
import { graphTwins } from "./graph-twins.ts";

/**
 * For quantized results the float values that they stand for, in the order of the quantized graph; none for graphs that are not alike. Shapes are the
 * same and static.
 */
export function valueTwins(reference: Graph, quantized: Graph): ReadonlyMap<Value, Value> {
  const { nodes, areAlike } = graphTwins(reference, quantized);
  if (!areAlike) return new Map();
  const references = new Map([...nodes].map(([node, twin]) => [twin, node]));
  const pairs = [...quantized.nodes()].flatMap((node) =>
    node.outputs.flatMap((value, at) => {
      const twin = references.get(node)?.outputs[at];
      return twin && standsFor(value, twin) ? [[value, twin] as const] : [];
    }),
  );
  return new Map(pairs);
}

function standsFor({ type }: Value, twin: Value): boolean {
  return (
    type.quantization !== undefined &&
    twin.type.dtype === "f32" &&
    isStatic(type.shape) &&
    sameShape(type.shape, twin.type.shape)
  );
}
