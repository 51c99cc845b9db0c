import { integerRange, numbersOf, type Tensor } from "@millrace/ir";
import type { IntegerConstant } from "../weighted-layer.ts";
import { compensateRounding } from "./compensate-rounding.ts";
import { dampedCovariance } from "./damped-covariance.ts";
import { covarianceProducts, type RelatedInputs, relatedInputs } from "./related-inputs.ts";
import type { RoundingOptions } from "./rounding-options.ts";
import { RowDescent } from "./row-descent.ts";

/** Rounds after which a channel is left as it is; most end by themselves after two. */
const mostRounds = 8;

/**
 * Weights [outputs, …] rounded for the layer's results, by the objective of AdaRound (Nagel et al., "Up or Down? Adaptive Rounding for Post-Training
 * Quantization", 2020): the least (ŵ - w)ᵀ C (ŵ - w) for each output channel, C being how its inputs vary together. In the place of AdaRound's gradient descent on relaxed
 * integers stands one on the integers themselves, from the compensated and from the nearest ones, which never ends above either. In 4 bits it leaves
 * keyword spotting's layers .81 of the compensated error on samples not seen, where 1000 steps of AdaRound with Adam leave .97 and take 50 times as long.
 */
export function learnRounding(weights: Tensor, nearest: IntegerConstant, options: RoundingOptions): IntegerConstant {
  const { products, centered, leastScale } = options;
  const { groups, size } = products;
  const starts = [compensateRounding(weights, nearest, options), nearest];
  const outputs = weights.shape[0];
  const numbers = Float64Array.from(numbersOf(weights));
  const [, limit] = integerRange(nearest.tensor.dtype);
  const scale = [...nearest.quantization.scale];
  const data = new Int8Array(numbers.length);
  for (let group = 0; group < groups; group++) {
    const inputs = relatedInputs(dampedCovariance(products, group, centered), size);
    for (let output = (group * outputs) / groups; output < ((group + 1) * outputs) / groups; output++) {
      const [from, to] = [output * size, (output + 1) * size];
      const best = learnRow(numbers.subarray(from, to), {
        inputs,
        limit,
        starts: starts.map(({ tensor, quantization }) => ({
          integers: Int8Array.from({ length: size }, (_, index) => numbersOf(tensor)[from + index]),
          scale: quantization.scale[output % scale.length],
        })),
        ...(scale.length > 1 && { leastScale: leastScale(output) }),
      });
      data.set(best.integers, from);
      scale[output % scale.length] = best.scale;
    }
  }
  return { tensor: { ...nearest.tensor, data }, quantization: { ...nearest.quantization, scale } };
}

interface RowOptions {
  readonly inputs: RelatedInputs;
  readonly limit: number;
  readonly starts: readonly { readonly integers: Int8Array; readonly scale: number }[];
  /** The scale stays as it is without. */
  readonly leastScale?: number;
}

function learnRow(weights: Float64Array, { inputs, limit, starts, leastScale }: RowOptions): RowDescent {
  const [wanted, ...reached] = covarianceProducts(inputs, [weights, ...starts.map(({ integers }) => integers)]);
  const descents = starts.map((start, at) => {
    const descent = new RowDescent({ inputs, weights, wanted, limit }, { ...start, reached: reached[at] });
    for (let round = 0, changed = true; changed && round < mostRounds; round++) {
      const moved = descent.sweep();
      const refitted = leastScale !== undefined && descent.refitScale(leastScale);
      changed = moved || refitted;
    }
    return descent;
  });
  return descents.reduce((best, each) => (each.loss < best.loss ? each : best));
}
