import { integerRange, numbersOf, type Tensor } from "@millrace/ir";
import { blockScale } from "@millrace/passes";
import type { IntegerConstant } from "../weighted-layer.ts";
import { cholesky } from "./cholesky.ts";
import { dampedCovariance } from "./damped-covariance.ts";
import type { RoundingOptions } from "./rounding-options.ts";

/** Scales that are tried for a channel, as parts of the one that its greatest weight needs. */
const scaleParts = Array.from({ length: 26 }, (_, index) => 1 - index / 50);

/** The factor of a group's covariance with its inputs in the order of their variance. */
interface Factor {
  readonly order: Int32Array;
  readonly lower: Float64Array;
  readonly variances: Float64Array;
}

/**
 * Weights [outputs, …] rounded so that the error of the layer's results on the samples is small, in place of each weight's own: one weight after the
 * other, those of the most varying inputs first, and what each leaves is made up for by those that follow (Frantar et al., "GPTQ", 2022; here as the
 * nearest plane of a lattice, from one Cholesky factor). Each channel, or block of one, gets the scale of least squared error. `nearest` is the usual rounding.
 */
export function compensateRounding(
  weights: Tensor,
  nearest: IntegerConstant,
  { products, centered, leastScale }: RoundingOptions,
): IntegerConstant {
  const { groups, size } = products;
  const outputs = weights.shape[0];
  const numbers = numbersOf(weights);
  const [, limit] = integerRange(nearest.tensor.dtype);
  const scale = [...nearest.quantization.scale];
  const { block = size } = nearest.quantization;
  const stored = nearest.quantization.block === undefined ? Math.fround : blockScale;
  const data = new Int8Array(numbers.length);
  for (let group = 0; group < groups; group++) {
    const factor = factorOf(dampedCovariance(products, group, centered), size);
    for (let output = (group * outputs) / groups; output < ((group + 1) * outputs) / groups; output++) {
      const row = Float64Array.from({ length: size }, (_, index) => numbers[output * size + index]);
      const steps = new Float64Array(size).fill(scale[0]);
      for (let from = 0; scale.length > 1 && from < size; from += block) {
        const [entry, end] = [(output * size + from) / block, from + block];
        const [part, variances] = [row.subarray(from, end), factor.variances.subarray(from, end)];
        scale[entry] = bestScale(part, variances, { greatest: scale[entry], least: leastScale(output), limit, stored });
        steps.fill(scale[entry], from, end);
      }
      data.set(roundRow(row, factor, steps, limit), output * size);
    }
  }
  return { tensor: { ...nearest.tensor, data }, quantization: { ...nearest.quantization, scale } };
}

function factorOf(covariance: Float64Array, size: number): Factor {
  const variances = Float64Array.from({ length: size }, (_, index) => covariance[index * (size + 1)]);
  const order = Int32Array.from(variances.keys()).sort((a, b) => variances[a] - variances[b]);
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++)
      lower[row * size + column] = covariance[order[row] * size + order[column]];
  }
  cholesky(lower, size);
  return { order, lower, variances };
}

function roundedTo(value: number, scale: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, Math.round(value / scale)));
}

interface ScaleBounds {
  readonly greatest: number;
  readonly least: number;
  /** Greatest integer. */
  readonly limit: number;
  /** The scale as it can be stored. */
  readonly stored: (scale: number) => number;
}

/** The scale of the least squared error of rounding each weight for itself. */
function bestScale(
  weights: Float64Array,
  variances: Float64Array,
  { greatest, least, limit, stored }: ScaleBounds,
): number {
  let best = { scale: greatest, error: Number.POSITIVE_INFINITY };
  for (const part of scaleParts) {
    const scale = part === 1 ? greatest : stored(greatest * part);
    if (part < 1 && scale < least) break;
    const error = weights.reduce(
      (sum, weight, index) => sum + variances[index] * (weight - scale * roundedTo(weight, scale, limit)) ** 2,
      0,
    );
    if (error < best.error) best = { scale, error };
  }
  return best.scale;
}

function roundRow(row: Float64Array, { order, lower }: Factor, steps: Float64Array, limit: number): Int8Array {
  const size = row.length;
  const result = new Int8Array(size);
  const carried = new Float64Array(size);
  for (let place = size - 1; place >= 0; place--) {
    const index = order[place];
    const start = place * size;
    const stored = roundedTo(row[index] + carried[place] / lower[start + place], steps[index], limit);
    const error = row[index] - stored * steps[index];
    result[index] = stored;
    for (let other = 0; other < place; other++) carried[other] += error * lower[start + other];
  }
  return result;
}
