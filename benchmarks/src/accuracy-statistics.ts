/** A value of one number per sample over some of the samples, which may come repeatedly. */
export type Statistic = (scores: readonly number[], chosen: readonly number[]) => number;

/** The mean, as of 1 for a right answer and 0 for a wrong one. */
export const meanOf: Statistic = (scores, chosen) =>
  chosen.reduce((sum, sample) => sum + scores[sample], 0) / chosen.length;

/** Area under the curve: how often an anomaly scores above a normal sample, ties counting half. */
export function areaUnderCurve(labels: readonly number[]): Statistic {
  return (scores, chosen) => {
    const anomalies = chosen.filter((sample) => labels[sample] === 1).map((sample) => scores[sample]);
    const normal = chosen.filter((sample) => labels[sample] !== 1).map((sample) => scores[sample]);
    let above = 0;
    for (const high of anomalies) for (const low of normal) above += high > low ? 1 : high === low ? 0.5 : 0;
    return above / (anomalies.length * normal.length);
  };
}

/** A difference with its 95 % confidence interval. */
export interface Difference {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const resamplings = 2000;

/**
 * The statistic of `ours` less that of `theirs`, with a percentile bootstrap: samples are drawn with replacement, the same ones for both
 * (paired), and the same in every run.
 */
export function pairedDifference(ours: readonly number[], theirs: readonly number[], statistic: Statistic): Difference {
  const draw = seededDraws(ours.length);
  const difference = (chosen: readonly number[]) => statistic(ours, chosen) - statistic(theirs, chosen);
  const differences = Array.from({ length: resamplings }, () => difference(ours.map(draw))).sort((a, b) => a - b);
  return {
    value: difference(ours.map((_, sample) => sample)),
    low: differences[Math.floor(resamplings * 0.025)],
    high: differences[Math.ceil(resamplings * 0.975) - 1],
  };
}

/** Marsaglia's xorshift with 32 bits of state. */
function seededDraws(count: number): () => number {
  let state = 2463534242;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}
