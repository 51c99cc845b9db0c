import { integerRange, numbersOf, type Tensor } from "@millrace/ir";
import type { IntegerConstant } from "../weighted-layer.ts";
import { cholesky } from "./cholesky.ts";
import type { InputProducts } from "./input-products.ts";

/** What is added to each input's variance, as a part of the mean: samples tell little about inputs that hardly vary. */
const damping = 0.1;
/** Scales that are tried for a channel, as parts of the one that its greatest weight needs. */
const scaleParts = Array.from({ length: 26 }, (_, index) => 1 - index / 50);

export interface CompensationOptions {
  readonly products: InputProducts;
  /** Whether the bias will make up for the mean error, so that only what varies counts. */
  readonly centered: boolean;
  /** Least scale of an output channel. */
  readonly leastScale: (channel: number) => number;
}

/** The factor of a group's covariance with its inputs in the order of their variance. */
interface Factor {
  readonly order: Int32Array;
  readonly lower: Float64Array;
  readonly variances: Float64Array;
}

/**
 * Weights [outputs, …] rounded so that the error of the layer's results on the samples is small, in place of each weight's own: one weight after the
 * other, those of the most varying inputs first, and what each leaves is made up for by those that follow (Frantar et al., "GPTQ", 2022; here as the
 * nearest plane of a lattice, from one Cholesky factor). Each channel gets the scale of least squared error. `nearest` is the usual rounding.
 */
export function compensateRounding(
  weights: Tensor,
  nearest: IntegerConstant,
  { products, centered, leastScale }: CompensationOptions,
): IntegerConstant {
  const { groups, size } = products;
  const outputs = weights.shape[0];
  const numbers = numbersOf(weights);
  const [, limit] = integerRange(nearest.tensor.dtype);
  const scale = [...nearest.quantization.scale];
  const data = new Int8Array(numbers.length);
  for (let group = 0; group < groups; group++) {
    const factor = factorOf(products.covariance(group, centered), size);
    for (let output = (group * outputs) / groups; output < ((group + 1) * outputs) / groups; output++) {
      const row = Float64Array.from({ length: size }, (_, index) => numbers[output * size + index]);
      if (scale.length > 1) scale[output] = bestScale(row, factor, scale[output], limit, leastScale(output));
      data.set(roundRow(row, factor, scale[output % scale.length], limit), output * size);
    }
  }
  return { tensor: { ...nearest.tensor, data }, quantization: { ...nearest.quantization, scale } };
}

function factorOf(covariance: Float64Array, size: number): Factor {
  const diagonal = Float64Array.from({ length: size }, (_, index) => covariance[index * size + index]);
  const mean = diagonal.reduce((sum, variance) => sum + variance, 0) / size;
  const extra = mean > 0 ? mean * damping : 1;
  const variances = diagonal.map((variance) => variance + extra);
  const order = Int32Array.from(variances.keys()).sort((a, b) => variances[a] - variances[b]);
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) {
      const [a, b] = [order[row], order[column]];
      lower[row * size + column] = covariance[Math.max(a, b) * size + Math.min(a, b)];
    }
    lower[row * size + row] = variances[order[row]];
  }
  cholesky(lower, size);
  return { order, lower, variances };
}

function roundedTo(value: number, scale: number, limit: number): number {
  return Math.min(limit, Math.max(-limit, Math.round(value / scale)));
}

/** The scale, at most `greatest`, of the least squared error of rounding each weight for itself. */
function bestScale(
  row: Float64Array,
  { variances }: Factor,
  greatest: number,
  limit: number,
  leastScale: number,
): number {
  let best = { scale: greatest, error: Number.POSITIVE_INFINITY };
  for (const part of scaleParts) {
    const scale = Math.fround(greatest * part);
    if (part < 1 && scale < leastScale) break;
    const error = row.reduce(
      (sum, weight, index) => sum + variances[index] * (weight - scale * roundedTo(weight, scale, limit)) ** 2,
      0,
    );
    if (error < best.error) best = { scale, error };
  }
  return best.scale;
}

function roundRow(row: Float64Array, { order, lower }: Factor, scale: number, limit: number): Int8Array {
  const size = row.length;
  const result = new Int8Array(size);
  const carried = new Float64Array(size);
  for (let place = size - 1; place >= 0; place--) {
    const index = order[place];
    const start = place * size;
    const stored = roundedTo(row[index] + carried[place] / lower[start + place], scale, limit);
    const error = row[index] - stored * scale;
    result[index] = stored;
    for (let other = 0; other < place; other++) carried[other] += error * lower[start + other];
  }
  return result;
}
