import { type Attributes, Graph, isStatic, type Node, sameShape, type Value } from "@millrace/ir";
import { hasWeights } from "../scheme.ts";

/**
 * For quantized results the float values that they stand for: those of the same name, and where a file has names of its own, those of the layers with
 * weights at the same places, if both graphs have the same such layers in the same order. Shapes are the same and static.
 */
export function twinsOf(reference: Graph, quantized: Graph): ReadonlyMap<Value, Value> {
  const named = new Map([...reference.nodes()].flatMap(({ outputs }) => outputs.map((value) => [value.name, value])));
  const placed = byPlace(reference, quantized);
  const pairs = [...quantized.nodes()].flatMap(({ outputs }) =>
    outputs.flatMap((value) => {
      const twin = [named.get(value.name), placed.get(value)].find((found) => found && standsFor(value, found));
      return twin ? [[value, twin] as const] : [];
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

/** Results of layers with weights, paired in order; none if the graphs differ in such layers. */
function byPlace(reference: Graph, quantized: Graph): ReadonlyMap<Value, Value> {
  const [theirs, ours] = [reference, quantized].map((graph) => [...graph.nodes()].filter(hasWeights));
  const alike = theirs.length === ours.length && ours.every((node, at) => isAlike(node, theirs[at]));
  return new Map(alike ? ours.map(({ outputs }, at) => [outputs[0], theirs[at].outputs[0]] as const) : []);
}

function isAlike(a: Node, b: Node): boolean {
  return (
    a.op === b.op &&
    sameShape(a.outputs[0].type.shape, b.outputs[0].type.shape) &&
    attributesText(a.attributes) === attributesText(b.attributes)
  );
}

function attributesText(attributes: Attributes): string {
  const plain = Object.entries(attributes).filter(([, value]) => !(value instanceof Graph));
  return plain
    .map(([name, value]) => `${name} ${value}`)
    .sort()
    .join(", ");
}
