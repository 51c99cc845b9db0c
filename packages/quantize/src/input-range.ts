import {
  type Diagnostic,
  type Graph,
  givenInputs,
  type Node,
  numbersOf,
  type Value,
  type WeightsRule,
} from "@millrace/ir";
import type { Calibration } from "./calibrate.ts";
import { type Range, rangeText } from "./range.ts";
import { slotOf } from "./slot.ts";

/** Bytes reach so far at least, and nothing that was normalized does. */
const brightest = { least: 64, most: 255 } as const;
/** Trained layers answer with a few units, or tens: by so much they are far outside of what the next were trained on. */
const farOutside = 256;
/** A layer whose answers vary by less of its greatest bias hardly tells one input from another. */
const leastVariation = 0.1;
/** First layers that are looked at for each input. */
const mostLayers = 8;

type Extremes = Calibration["extremes"];

/**
 * Warnings for inputs of a float graph whose numbers look wrongly prepared: the first layers see bytes that were not normalized, or numbers that
 * hardly vary. A layer's answers are judged by the median of its channels' Σ |w|, times what the layer sees, so that limits of activations hide
 * nothing. `extremes` are those of the graph's values on the samples.
 */
export function inputRangeWarnings(graph: Graph, extremes: Extremes): readonly Diagnostic[] {
  const inputs = givenInputs(graph).filter((input) => extremes.has(input));
  return inputs.flatMap((input) =>
    firstLayers(graph, input)
      .flatMap((layer) => judged(layer, input, extremes) ?? [])
      .slice(0, 1),
  );
}

interface FirstLayer {
  readonly node: Node;
  readonly rule: WeightsRule;
  readonly data: Value;
}

/** The layers with weights that an input reaches before any other, in the graph's order. */
function firstLayers(graph: Graph, input: Value): readonly FirstLayer[] {
  const reached = new Set([input]);
  const layers: FirstLayer[] = [];
  for (const node of graph.nodes()) {
    const read = node.inputs.find((value) => value && reached.has(value));
    if (read === undefined) continue;
    const rule = node.op.quantization;
    if (rule.kind !== "free" || rule.weights === undefined) for (const output of node.outputs) reached.add(output);
    else if (layers.push({ node, rule: rule.weights, data: read }) === mostLayers) break;
  }
  return layers;
}

function judged({ node, rule, data }: FirstLayer, input: Value, extremes: Extremes): Diagnostic | undefined {
  const [weights, bias] = [rule.weights, rule.bias].map((name) => node.inputs[slotOf(node, name)]?.constant);
  const seen = extremes.get(data);
  if (weights === undefined || seen === undefined) return undefined;
  const gain = median(channelSums(numbersOf(weights), weights.shape, rule.axis(node.attributes, weights.shape.length)));
  const looksLikeBytes = seen.minimum >= 0 && seen.maximum >= brightest.least && seen.maximum <= brightest.most;
  if (looksLikeBytes && gain * seen.maximum > farOutside) return likeBytes(input, node, seen, gain * seen.maximum);
  const variation = gain * (seen.maximum - seen.minimum);
  const greatest = bias === undefined ? 0 : Array.from(numbersOf(bias)).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return variation < leastVariation * greatest ? hardlyVaries(input, node, seen) : undefined;
}

/** The sum of the weights' magnitudes for each index of an axis. */
function channelSums(numbers: ArrayLike<number>, shape: readonly number[], axis: number): Float64Array {
  const sums = new Float64Array(shape[axis]);
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  for (let index = 0; index < numbers.length; index++)
    sums[Math.floor(index / inner) % sums.length] += Math.abs(numbers[index]);
  return sums;
}

function median(numbers: Float64Array): number {
  return numbers.slice().sort()[numbers.length >> 1];
}

function warning(code: string, message: string, { name }: Value, hint: string): Diagnostic {
  return { code, severity: "warning", message, at: { value: name }, hint };
}

function likeBytes(input: Value, node: Node, seen: Range, answer: number): Diagnostic {
  return warning(
    "quantize.input-not-normalized",
    `input ${input.name} looks like bytes that were not normalized: ${layerName(node)} sees ${rangeText(seen)} and may answer with ${Math.round(answer)}, far more than trained layers do`,
    input,
    "state mean and std of the pixels in dataset.json, such as 127.5 and 127.5 for numbers from -1 to 1",
  );
}

function hardlyVaries(input: Value, node: Node, seen: Range): Diagnostic {
  return warning(
    "quantize.input-hardly-varies",
    `input ${input.name} hardly changes anything: ${layerName(node)} sees ${rangeText(seen)}, which is next to nothing beside its bias`,
    input,
    "see whether the data was normalized twice, or the model takes bytes as they are",
  );
}

function layerName({ name, origin, op }: Node): string {
  return `${op.name} ${origin.join(", ") || name}`;
}
