import { type Node, type Operator, sameShape, type Value } from "@millrace/ir";
import {
  add,
  div,
  maximum,
  mean,
  mul,
  pow,
  reducedShape,
  reshape,
  rsqrt,
  sqrt,
  square,
  squaredDifference,
  sub,
} from "@millrace/ops";
import { constantNumber } from "./polynomial.ts";
import { producedBy } from "./rewrite.ts";

/** What values are spread around, which is zero where there is no center: the mean of squares over axes tells how far. */
export interface Spread {
  readonly x: Value;
  readonly center?: Value;
  readonly axes: readonly number[];
}

/** A value as a product of a part and, where there is one, a constant. */
export interface Scaled {
  readonly part: Value;
  readonly scale: Value | undefined;
}

/** The operands of the node of `op` without activation that makes the value, if that is what makes it. */
export function operandsOf(value: Value | undefined, op: Operator): readonly Value[] | undefined {
  const node = producedBy(value, op);
  return node && isPlain(node) ? (node.inputs as readonly Value[]) : undefined;
}

/** Whether a node has no activation. */
export function isPlain({ attributes }: Node): boolean {
  return (attributes["activation"] ?? "none") === "none";
}

/** Two operands in either order; none where one is missing. */
export function bothWays([a, b]: readonly (Value | undefined)[]): readonly (readonly [Value, Value])[] {
  if (a === undefined || b === undefined) return [];
  return [
    [a, b],
    [b, a],
  ];
}

/** What the value is the mean of, which keeps its axes or gets them back by a reshape. */
function averaged(value: Value | undefined): Spread | undefined {
  const node = producedBy(producedBy(value, reshape)?.inputs[0] ?? value, mean);
  if (value === undefined || node === undefined) return undefined;
  const { axes } = mean.attributesOf(node);
  const { x } = mean.inputsOf(node);
  return sameShape(value.type.shape, reducedShape(x.type.shape, axes, true)) ? { x, axes } : undefined;
}

function squared(value: Value): Value | undefined {
  const [a, b] = operandsOf(value, mul) ?? [];
  const [base, exponent] = operandsOf(value, pow) ?? [];
  if (a !== undefined && a === b) return a;
  return exponent && constantNumber(exponent) === 2 ? base : operandsOf(value, square)?.[0];
}

/** `x` around `center`, if that is its mean over the axes. */
function around(x: Value, center: Value, axes: readonly number[]): Spread | undefined {
  const average = averaged(center);
  return average?.x === x && average.axes.join() === axes.join() ? { x, center, axes } : undefined;
}

/** What the value is the variance of, or else the mean square. */
function spreadOf(value: Value): Spread | undefined {
  const average = averaged(value);
  if (average === undefined) return differenceOfSquares(value);
  const { x: squares, axes } = average;
  for (const [x, center] of bothWays(operandsOf(squares, squaredDifference) ?? [])) {
    const spread = around(x, center, axes);
    if (spread) return spread;
  }
  const x = squared(squares);
  const [minuend, center] = operandsOf(x, sub) ?? [];
  return (minuend && center && around(minuend, center, axes)) ?? (x && { x, axes });
}

/** A variance as the mean of squares less the square of the mean, kept from rounding to less than zero or not. */
function differenceOfSquares(value: Value): Spread | undefined {
  const [kept] = bothWays(operandsOf(value, maximum) ?? []).find(([, least]) => constantNumber(least) === 0) ?? [value];
  const [squares, squareOfMean] = operandsOf(kept, sub) ?? [];
  const average = averaged(squares);
  const [x, center] = [average && squared(average.x), squareOfMean && squared(squareOfMean)];
  return average && x && center && around(x, center, average.axes);
}

/** What the value is the square root of. */
export function underRoot(value: Value): Value | undefined {
  const [base, exponent] = operandsOf(value, pow) ?? [];
  return exponent && constantNumber(exponent) === 0.5 ? base : operandsOf(value, sqrt)?.[0];
}

/** What the value is one over the square root of. */
export function underInverseRoot(value: Value): Value | undefined {
  const [one, root] = operandsOf(value, div) ?? [];
  const [base, exponent] = operandsOf(value, pow) ?? [];
  if (one && root && constantNumber(one) === 1) return underRoot(root);
  return exponent && constantNumber(exponent) === -0.5 ? base : operandsOf(value, rsqrt)?.[0];
}

/** What is spread so that the value is its variance and epsilon, or its mean square and epsilon. */
export function spreadUnder(value: Value | undefined): (Spread & { readonly epsilon: number }) | undefined {
  if (value === undefined) return undefined;
  const [sum, number] = bothWays(operandsOf(value, add) ?? []).find(([, number]) => number.constant) ?? [value];
  const epsilon = number ? constantNumber(number) : 0;
  const spread = epsilon === undefined || epsilon < 0 ? undefined : spreadOf(sum);
  return spread && { ...spread, epsilon: epsilon! };
}

/** The ways to see a value as a product with a constant. */
export function waysToScale(value: Value): readonly Scaled[] {
  const products = bothWays(operandsOf(value, mul) ?? []).filter(([, scale]) => scale.constant);
  return [{ part: value, scale: undefined }, ...products.map(([part, scale]) => ({ part, scale }))];
}
