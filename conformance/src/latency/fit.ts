import { cyclesOf, type Parameters, type Structure, type Terms } from "./closed-form.ts";

/** A network of some terms, and the cycles it was measured to take. */
export interface Point {
  readonly terms: Terms;
  readonly cycles: number;
}

/** Which parameters follow from the points, each in a range, and what the others are. */
export type Freedom = Readonly<Record<"operator" | "job" | "weightPort", number | Range>> &
  Pick<Parameters, "writeBack">;

interface Range {
  readonly from: number;
  readonly to: number;
}

/** The parameters for which the squares of the relative errors sum to the least. */
export function fit(points: readonly Point[], structure: Structure, freedom: Freedom): Parameters {
  const withOperator = (weightPort: number, job: number): Parameters => {
    const others = { operator: 0, job, weightPort, writeBack: freedom.writeBack };
    return { ...others, operator: operatorOf(points, structure, others, freedom.operator) };
  };
  const best = (weightPort: number) => least(freedom.job, 1, (job) => scored(withOperator(weightPort, job)));
  const scored = (parameters: Parameters): Scored => ({
    parameters,
    error: points.reduce((sum, point) => sum + relativeError(point, structure, parameters) ** 2, 0),
  });
  return least(freedom.weightPort, 12, best).parameters;
}

/** How much more than measured a point's cycles are, relative to those. */
function relativeError({ terms, cycles }: Point, structure: Structure, parameters: Parameters): number {
  return cyclesOf(terms, structure, parameters) / cycles - 1;
}

/** How many parameters are free. */
export function freeCount(freedom: Freedom): number {
  return Object.values(freedom).filter((value) => typeof value !== "number").length;
}

interface Scored {
  readonly parameters: Parameters;
  readonly error: number;
}

/** Cycles for each operator, in which the error is a parabola. */
function operatorOf(
  points: readonly Point[],
  structure: Structure,
  others: Parameters,
  freedom: number | Range,
): number {
  if (typeof freedom === "number") return freedom;
  let [product, square] = [0, 0];
  for (const { terms, cycles } of points) {
    const share = terms.operators / cycles;
    product += share * (1 - cyclesOf(terms, structure, others) / cycles);
    square += share * share;
  }
  return Math.min(freedom.to, Math.max(freedom.from, product / square));
}

const ratio = (Math.sqrt(5) - 1) / 2;
const refinements = 20;

/** The least of a function in a range, by probing so many parts of it and then by golden sections about the best. */
function least(range: number | Range, parts: number, at: (x: number) => Scored): Scored {
  if (typeof range === "number") return at(range);
  const step = (range.to - range.from) / parts;
  const probes = Array.from({ length: parts }, (_, index) => range.from + (index + 0.5) * step);
  const middle = parts === 1 ? probes[0] : minimumOf(probes, at);
  let [low, high] = [Math.max(range.from, middle - step), Math.min(range.to, middle + step)];
  let [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
  let [leftScore, rightScore] = [at(left), at(right)];
  for (let round = 0; round < refinements; round++) {
    if (leftScore.error < rightScore.error) {
      [high, right, rightScore] = [right, left, leftScore];
      left = high - ratio * (high - low);
      leftScore = at(left);
    } else {
      [low, left, leftScore] = [left, right, rightScore];
      right = low + ratio * (high - low);
      rightScore = at(right);
    }
  }
  return leftScore.error < rightScore.error ? leftScore : rightScore;
}

function minimumOf(probes: readonly number[], at: (x: number) => Scored): number {
  const errors = probes.map((x) => at(x).error);
  return probes[errors.indexOf(Math.min(...errors))];
}
