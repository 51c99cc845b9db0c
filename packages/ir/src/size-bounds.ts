import { type Dimension, evaluateDimension, type SizeArithmetic, symbolsOf } from "./dimension.ts";
import type { Shape } from "./shape.ts";

/** The least and the greatest that a size may be, both of them counted in. */
export interface SizeRange {
  readonly minimum: number;
  readonly maximum: number;
}

/** Ranges of open sizes by their symbols. */
export type SizeBounds = ReadonlyMap<string, SizeRange>;

/** Whether all symbols of a shape have bounds. */
export function isBounded(shape: Shape, bounds: SizeBounds): boolean {
  return shape.every((dimension) => symbolsOf(dimension).every((name) => bounds.has(name)));
}

/** The sizes of a shape that is bounded that none is larger than, whatever its symbols are; at least 0. */
export function largestSizes(shape: Shape, bounds: SizeBounds): readonly number[] {
  return shape.map((dimension) => Math.max(0, rangeOf(dimension, bounds).maximum));
}

/** What a dimension can be, or more where a symbol is part of it twice. Throws for a symbol without bounds. */
function rangeOf(dimension: Dimension, bounds: SizeBounds): SizeRange {
  return evaluateDimension(dimension, {
    number: (value) => ({ minimum: value, maximum: value }),
    symbol(name) {
      const range = bounds.get(name);
      if (range === undefined) throw new Error(`${name} has no bounds`);
      return range;
    },
    ...rangeArithmetic,
  });
}

const rangeArithmetic: Pick<SizeArithmetic<SizeRange>, "add" | "multiply" | "divide"> = {
  add: (a, b) => ({ minimum: a.minimum + b.minimum, maximum: a.maximum + b.maximum }),
  multiply: (a, b) => rangeOver(ends(a).flatMap((left) => ends(b).map((right) => left * right))),
  divide: (a, b) => {
    const divisors = [Math.max(1, b.minimum), Math.max(1, b.maximum)];
    return rangeOver(ends(a).flatMap((left) => divisors.map((right) => Math.floor(left / right))));
  },
};

function ends({ minimum, maximum }: SizeRange): readonly number[] {
  return [minimum, maximum];
}

function rangeOver(numbers: readonly number[]): SizeRange {
  return { minimum: Math.min(...numbers), maximum: Math.max(...numbers) };
}
