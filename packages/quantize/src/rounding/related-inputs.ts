/** How the inputs of one output channel's weights vary together. */
export interface RelatedInputs {
  readonly size: number;
  /** [size, size], symmetric and positive definite. */
  readonly covariance: Float64Array;
  /** The covariance's diagonal. */
  readonly variances: Float64Array;
  /** For each input those that vary most with it, the same number for all but where fewer do at all. */
  readonly partners: readonly Int32Array[];
}

const mostPartners = 16;

export function relatedInputs(covariance: Float64Array, size: number): RelatedInputs {
  const variances = new Float64Array(size);
  for (let index = 0; index < size; index++) variances[index] = covariance[index * size + index];
  const partners = Array.from({ length: size }, (_, index) =>
    partnersOf(index, covariance.subarray(index * size, (index + 1) * size), variances),
  );
  return { size, covariance, variances, partners };
}

function partnersOf(index: number, covariances: Float64Array, variances: Float64Array): Int32Array {
  const strengths = covariances.map((covariance, other) => (other === index ? 0 : covariance ** 2 / variances[other]));
  const least = strengths.toSorted().at(-mostPartners) ?? 0;
  const partners: number[] = [];
  for (const [other, strength] of strengths.entries()) if (strength > 0 && strength >= least) partners.push(other);
  return Int32Array.from(partners.slice(0, mostPartners));
}

/** The products of the covariance with some vectors, each of one number for each input. */
export function covarianceProducts(
  { covariance, size }: RelatedInputs,
  vectors: readonly (Float64Array | Int8Array)[],
): readonly Float64Array[] {
  const results = vectors.map(() => new Float64Array(size));
  for (let input = 0; input < size; input++) {
    const covariances = covariance.subarray(input * size, (input + 1) * size);
    for (const [at, vector] of vectors.entries()) addScaled(results[at], vector[input], covariances);
  }
  return results;
}

/** Adds `factor` · `vector` to `sum`. */
export function addScaled(sum: Float64Array, factor: number, vector: Float64Array): void {
  if (factor === 0) return;
  for (let index = 0; index < sum.length; index++) sum[index] += factor * vector[index];
}
