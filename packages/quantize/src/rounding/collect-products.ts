import {
  type Diagnostic,
  elementCount,
  type Graph,
  type Node,
  type Tensor,
  type Value,
  type WeightsRule,
} from "@millrace/ir";
import type { Engine } from "@millrace/runtime";
import { realWeights } from "../scheme.ts";
import { slotOf } from "../slot.ts";
import { InputProducts } from "./input-products.ts";

/** Most sums of products that are kept for one layer, and for all. */
const [mostOfLayer, mostOfAll] = [2 ** 22, 2 ** 24];

export interface CollectedProducts {
  /** By the weights that meet the inputs, which several nodes may share. */
  readonly products: ReadonlyMap<Value, InputProducts>;
  /** Names the layers that are too large. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Runs a float graph on samples and collects, in bounded memory, how the inputs of each layer's weights vary together. */
export async function collectProducts(
  graph: Graph,
  engine: Engine,
  samples: AsyncIterable<ReadonlyMap<string, Tensor>>,
): Promise<CollectedProducts> {
  const { layers, products, diagnostics } = compensatedLayers(graph);
  const prepared = await engine.prepare(graph, [...new Set(layers.map(({ data }) => data))]);
  try {
    for await (const feeds of samples) {
      const results = await prepared.run(feeds);
      for (const { node, weights, rule, data } of layers) {
        const tensor = results.get(data.name) ?? feeds.get(data.name)!;
        const patches = rule.patches!(tensor, weights.type.shape as readonly number[], node.attributes);
        products.get(weights)!.add(patches);
      }
    }
  } finally {
    await prepared.dispose();
  }
  return { products, diagnostics };
}

/** The layers whose weights can be compensated within the bounds, with empty products for each of their weights. */
function compensatedLayers(graph: Graph) {
  const [layers, diagnostics]: [Layer[], Diagnostic[]] = [[], []];
  const products = new Map<Value, InputProducts>();
  let room = mostOfAll;
  for (const node of graph.nodes()) {
    const layer = layerOf(node);
    if (layer === undefined) continue;
    const { weights, groups, size } = layer;
    const count = groups * size ** 2;
    if (!products.has(weights) && count > Math.min(room, mostOfLayer)) {
      diagnostics.push(tooLarge(node));
      continue;
    }
    if (!products.has(weights)) {
      room -= count;
      products.set(weights, new InputProducts(groups, size));
    }
    if (products.get(weights)!.groups === groups) layers.push(layer);
  }
  return { layers, products, diagnostics };
}

interface Layer {
  readonly node: Node;
  readonly rule: WeightsRule;
  readonly weights: Value;
  readonly data: Value;
  readonly groups: number;
  /** Weights of one output channel. */
  readonly size: number;
}

function layerOf(node: Node): Layer | undefined {
  const { quantization } = node.op;
  const rule = quantization.kind === "free" ? quantization.weights : undefined;
  const weights = realWeights(node);
  const groups = rule?.groups?.(node.attributes);
  if (rule?.patches === undefined || weights === undefined || groups === undefined) return undefined;
  const data = node.inputs[slotOf(node, rule.data)]!;
  const { shape } = weights.constant!;
  return { node, rule, weights, data, groups, size: elementCount(shape) / shape[0] };
}

function tooLarge(node: Node): Diagnostic {
  return {
    code: "quantize.layer-too-large-to-compensate",
    severity: "info",
    message: `${node.name} (${node.op.name}): its weights are rounded to the nearest, because it has too many inputs to tell how they vary together`,
    at: { node: node.name },
    hint: "nothing needs to be done; give the layer the scheme int16x8 or float32 if it loses too much",
  };
}
