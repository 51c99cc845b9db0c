import type { Node } from "@millrace/ir";
import { type Activation, activationRanges } from "@millrace/ops";
import { isRefusal, type Pass, type Refusal } from "@millrace/passes";
import type { Calibration } from "../calibrate.ts";
import { type LayerWeights, layersOf, putBack } from "./layer-weights.ts";
import { readersOf } from "./readers.ts";

type Extremes = Pick<Calibration, "minima" | "maxima">;

/** How far each of a layer's channels is lowered, and whose biases make up for it. */
interface Absorption {
  readonly offsets: Float64Array;
  readonly readers: readonly LayerWeights[];
}

/**
 * Lowers each channel of a layer's results that stays above 0 on the samples by the least that it reaches, and adds what the layers that read it miss
 * then to their biases, so that results take a narrower range: absorption of high biases (Nagel et al., "Data-Free Quantization through Weight
 * Equalization and Bias Correction", 2019, section 4.1.3, which takes three standard deviations below a normalization's mean for the least). A graph
 * computes what it did on the samples; elsewhere a rectifier may cut off what is lower than all that was seen.
 */
export function absorbBiases(seen: Extremes): Pass {
  const pass = "absorb-biases";
  return {
    name: pass,
    run(graph, { note }) {
      const layers = layersOf(graph);
      const changed = new Set<LayerWeights>();
      let changes = 0;
      for (const [node, layer] of layers) {
        const found = absorptionOf(layer, layers, seen);
        if (found === undefined) continue;
        note({ pass, node: node.name, message: isRefusal(found) ? found.refused : summaryOf(found) });
        if (isRefusal(found)) continue;
        absorb(layer, found);
        for (const each of [layer, ...found.readers]) changed.add(each);
        changes++;
      }
      for (const layer of changed) putBack(graph, layer);
      return changes;
    },
  };
}

function absorptionOf(
  layer: LayerWeights,
  layers: ReadonlyMap<Node, LayerWeights>,
  { minima, maxima }: Extremes,
): Absorption | Refusal | undefined {
  const [least, greatest] = [minima, maxima].map((extremes) => extremes.get(layer.node.outputs[0]));
  if (least === undefined || greatest === undefined) return undefined;
  const [, limit] = activationRanges[layer.node.attributes["activation"] as Activation];
  if (!offsetsOf(least, greatest, limit).some(isPositive)) return undefined;
  const readers = readersOf(layer, layers);
  if (readers === undefined || isRefusal(readers)) return readers;
  const offsets = offsetsOf(least, greatest, Math.min(limit, readers.limit));
  return offsets.some(isPositive) ? { offsets, readers: readers.layers } : undefined;
}

/** The least of each channel where that is above 0; 0 for channels that reach the limit, of which some may have been cut off there. */
function offsetsOf(least: ArrayLike<number>, greatest: ArrayLike<number>, limit: number): Float64Array {
  return Float64Array.from(least, (offset, channel) => {
    const isInside = offset <= greatest[channel] && greatest[channel] < limit;
    return isInside ? Math.max(0, offset) : 0;
  });
}

function absorb(layer: LayerWeights, { offsets, readers }: Absorption): void {
  offsets.forEach((offset, channel) => {
    layer.bias[channel] -= offset;
  });
  for (const { weights, bias, inputOf, outputOf } of readers) {
    const sums = Float64Array.from(bias);
    weights.forEach((weight, index) => {
      sums[outputOf(index)] += weight * offsets[inputOf(index) % offsets.length];
    });
    bias.set(sums);
  }
}

function summaryOf({ offsets }: Absorption): string {
  const most = Number(offsets.reduce((a, b) => Math.max(a, b)).toPrecision(3));
  return `${offsets.filter(isPositive).length} of ${offsets.length} channels are lowered, by up to ${most}`;
}

function isPositive(offset: number): boolean {
  return offset > 0;
}
