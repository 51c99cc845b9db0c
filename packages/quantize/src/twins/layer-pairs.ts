import { Graph, type Node, sameShape, type Value } from "@millrace/ir";
import { hasWeights } from "../scheme.ts";
import { slotOf } from "../slot.ts";

/** Layers with weights of two graphs, paired in order from the first on and from the last back, as far as they are alike. */
export function pairLayers(reference: Graph, quantized: Graph): ReadonlyMap<Node, Node> {
  const [theirs, ours] = [reference, quantized].map((graph) => [...graph.nodes()].filter(hasWeights));
  const most = Math.min(theirs.length, ours.length);
  const pairs = new Map<Node, Node>();
  let first = 0;
  for (; first < most && isAlike(theirs[first], ours[first]); first++) pairs.set(theirs[first], ours[first]);
  for (let last = 1; last <= most - first && isAlike(theirs.at(-last)!, ours.at(-last)!); last++)
    pairs.set(theirs.at(-last)!, ours.at(-last)!);
  return pairs;
}

function isAlike(a: Node, b: Node): boolean {
  return a.op === b.op && sameShape(a.outputs[0].type.shape, b.outputs[0].type.shape) && layerText(a) === layerText(b);
}

/**
 * What a node does, as a text: its operator, the shapes of its results, the numbers of the values that it reads in any order, and the attributes and the
 * weights' shape of a layer with weights. Undefined if a value has no number.
 */
export function describeNode(node: Node, numberOf: (value: Value) => number | undefined): string | undefined {
  const { op, inputs, outputs } = node;
  const read = inputs.flatMap((value) => (value === undefined || value.constant ? [] : [numberOf(value)]));
  if (read.includes(undefined)) return undefined;
  const shapes = outputs.map(({ type }) => `[${type.shape}]`);
  return [op.name, ...shapes, ...read.sort(), layerText(node)].join(" ");
}

/**
 * What tells layers with weights apart besides their results: the shape of the weights, and the attributes but for the border of the data, which
 * another node may make before. Empty for other nodes.
 */
function layerText(node: Node): string {
  const rule = node.op.quantization;
  if (rule.kind !== "free" || rule.weights === undefined) return "";
  const told = Object.entries(node.attributes).filter(
    ([name, value]) => name !== "padding" && !(value instanceof Graph),
  );
  const attributes = told.map(([name, value]) => `${name} ${value}`).sort();
  return [`[${node.inputs[slotOf(node, rule.weights.weights)]?.type.shape}]`, ...attributes].join(", ");
}
