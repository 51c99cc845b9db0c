import { DatasetError } from "./error.ts";

/** Area under the receiver operating characteristic by ranks, ties sharing theirs: (sum of positive ranks - p (p + 1) / 2) / (p n). */
export function areaUnderCurve(scores: readonly number[], positive: readonly boolean[]): number {
  if (scores.some(Number.isNaN)) return Number.NaN;
  const order = scores.map((_, index) => index).sort((a, b) => scores[a] - scores[b]);
  let rankSum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && scores[order[end]] === scores[order[start]]) end++;
    const rank = (start + 1 + end) / 2;
    for (let index = start; index < end; index++) if (positive[order[index]]) rankSum += rank;
    start = end;
  }
  const positives = positive.filter(Boolean).length;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (scores.length - positives));
}

/** 1 for two zero vectors, 0 for one. */
export function cosineSimilarity(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  checkLengths(ours, theirs);
  let dot = 0;
  let ourSquare = 0;
  let theirSquare = 0;
  for (let index = 0; index < ours.length; index++) {
    dot += ours[index] * theirs[index];
    ourSquare += ours[index] ** 2;
    theirSquare += theirs[index] ** 2;
  }
  if (ourSquare === 0 || theirSquare === 0) return ourSquare === theirSquare ? 1 : 0;
  return dot / Math.sqrt(ourSquare) / Math.sqrt(theirSquare);
}

/** The mean over elements. */
export function meanSquaredError(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  checkLengths(ours, theirs);
  let sum = 0;
  for (let index = 0; index < ours.length; index++) sum += (ours[index] - theirs[index]) ** 2;
  return sum / ours.length;
}

function checkLengths(ours: ArrayLike<number>, theirs: ArrayLike<number>): void {
  if (ours.length === theirs.length) return;
  throw new DatasetError("data.metric-shape", `The metric compares ${ours.length} values with ${theirs.length}`, {
    hint: "Compare models with equal outputs; a reconstruction has the size of its input.",
  });
}
