import { elementCount, fromNumbers, type Graph, type Node, numbersOf, type Tensor, type Value } from "@millrace/ir";
import { add, mul, rsqrt, sub } from "@millrace/ops";
import { type LayerWeights, putBack, scaleOutputs } from "./layer-weights.ts";

/** Changes a graph so that a value has each channel, index of its last axis, times a factor. */
export type ChannelScaler = (graph: Graph, factors: Float64Array) => void;

type Layers = ReadonlyMap<Node, LayerWeights>;

/**
 * How what makes a value takes factors of its channels: a layer in its weights, a product with a constant in that, a product with inverse roots, one for
 * each row, in one more product before it, and after any of these the sum with a constant in that too. Undefined where nothing does, as with an
 * activation after it.
 */
export function channelScaler(value: Value, layers: Layers): ChannelScaler | undefined {
  const node = value.producer;
  if (node?.op !== add && node?.op !== sub) return factorScaler(value, layers);
  const at = constantInput(node);
  const other = node.inputs[1 - at];
  const isAlone = other?.uses.size === 1 && other.type.shape.at(-1) === value.type.shape.at(-1);
  const inner = at >= 0 && isAlone && isPlain(node) ? factorScaler(other, layers) : undefined;
  if (inner === undefined) return undefined;
  return (graph, factors) => {
    inner(graph, factors);
    scaleConstant(graph, node, at, factors);
  };
}

function factorScaler({ producer: node }: Value, layers: Layers): ChannelScaler | undefined {
  if (node === undefined || !isPlain(node)) return undefined;
  const layer = layers.get(node);
  if (layer)
    return (graph, factors) => {
      scaleOutputs(layer, factors);
      putBack(graph, layer);
    };
  if (node.op !== mul) return undefined;
  const at = constantInput(node);
  return at < 0 ? standardScaler(node) : (graph, factors) => scaleConstant(graph, node, at, factors);
}

function isPlain({ attributes: { activation = "none" } }: Node): boolean {
  return activation === "none";
}

function constantInput({ inputs }: Node): number {
  return inputs.findIndex((value) => value?.constant?.dtype === "f32");
}

/** Standardized rows: differences or numbers of their own times the inverse root of each row. */
function standardScaler(node: Node): ChannelScaler | undefined {
  const root = node.inputs.findIndex((each) => each?.producer?.op === rsqrt && each.type.shape.at(-1) === 1);
  if (root < 0) return undefined;
  return (graph, factors) => {
    const constant = graph.addConstant(`${node.name}/factors`, fromNumbers("f32", [factors.length], factors));
    const { attributes, origin } = node;
    const inputs = [node.inputs[1 - root]!, constant];
    const name = `${node.name}/smoothed`;
    const made = graph.addNode({ op: mul, inputs, attributes, name, origin, before: node });
    graph.setInput(node, 1 - root, made.outputs[0]);
  };
}

function scaleConstant(graph: Graph, node: Node, at: number, factors: Float64Array): void {
  const { name, constant } = node.inputs[at]!;
  graph.setInput(node, at, graph.addConstant(name, timesFactors(constant!, factors)));
}

function timesFactors(constant: Tensor, factors: Float64Array): Tensor {
  const count = factors.length;
  const shape = [...constant.shape.slice(0, -1), count];
  const repeated = constant.shape.at(-1) === count ? 1 : count;
  const numbers = numbersOf(constant);
  const products = Float64Array.from(
    { length: elementCount(shape) },
    (_, index) => numbers[Math.floor(index / repeated)] * factors[index % count],
  );
  return fromNumbers("f32", shape, products);
}
