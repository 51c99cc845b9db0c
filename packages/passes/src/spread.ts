import { elementCount, type Node, type Operator, sameShape, type Value } from "@millrace/ir";
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
  sum,
} from "@millrace/ops";
import { constantNumber } from "./constant-number.ts";
import { producedBy } from "./rewrite.ts";

/** The axes over which a value is averaged. */
interface Mean {
  readonly x: Value;
  readonly axes: readonly number[];
}

/** How far values are spread around their mean over axes, or around zero where they are not centred: the mean of squares tells. */
export interface Spread extends Mean {
  readonly centred: boolean;
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

function beforeReshape(value: Value): Value {
  return producedBy(value, reshape)?.inputs[0] ?? value;
}

/** What the value has the means of, in whatever shape. */
function averaged(value: Value): Mean | undefined {
  const inner = beforeReshape(value);
  const node = producedBy(inner, mean);
  return node ? { x: mean.inputsOf(node).x, axes: mean.attributesOf(node).axes } : averagedBySum(inner);
}

/** The mean as a sum over its count, as JAX writes it. */
function averagedBySum(value: Value): Mean | undefined {
  const [dividend, divisor] = operandsOf(value, div) ?? [];
  const products = bothWays(operandsOf(value, mul) ?? []).map(([part, factor]) => ({
    part,
    count: 1 / (constantNumber(factor) ?? 0),
  }));
  const quotient = dividend && divisor ? [{ part: dividend, count: constantNumber(divisor) ?? 0 }] : [];
  for (const { part, count } of [...products, ...quotient]) {
    const node = producedBy(beforeReshape(part), sum);
    if (node === undefined) continue;
    const [{ x }, { axes }] = [sum.inputsOf(node), sum.attributesOf(node)];
    const size = elementCount(axes.map((axis) => x.type.shape[axis]));
    if (typeof size === "number" && Math.abs(count / size - 1) < 1e-6) return { x, axes };
  }
  return undefined;
}

function sameMean(a: Mean | undefined, b: Mean): boolean {
  return a?.x === b.x && a.axes.join() === b.axes.join();
}

/** Whether a value has one element for each mean of x, beside the elements that it is the mean of. */
export function isBeside({ type }: Value, { x, axes }: Mean): boolean {
  return sameShape(type.shape, reducedShape(x.type.shape, axes, true));
}

/** Whether the value is x less its mean, or x itself where that is not centred. */
export function isSpread(value: Value, spread: Spread): boolean {
  if (!spread.centred) return value === spread.x;
  const [minuend, center] = operandsOf(value, sub) ?? [];
  return minuend === spread.x && center !== undefined && isMeanOf(center, spread);
}

/** Whether the value is the mean, and stands beside the elements that it is the mean of. */
export function isMeanOf(value: Value, of: Mean): boolean {
  return isBeside(value, of) && sameMean(averaged(value), of);
}

function squared(value: Value): Value | undefined {
  const [a, b] = operandsOf(value, mul) ?? [];
  const [base, exponent] = operandsOf(value, pow) ?? [];
  if (a !== undefined && a === b) return a;
  return exponent && constantNumber(exponent) === 2 ? base : operandsOf(value, square)?.[0];
}

/** What the value has the variances of, or else the mean squares. */
function spreadOf(value: Value): Spread | undefined {
  const average = averaged(value);
  if (average === undefined) return differenceOfSquares(beforeReshape(value));
  const { x: squares, axes } = average;
  const root = squared(squares);
  const differences = [...bothWays(operandsOf(squares, squaredDifference) ?? []), operandsOf(root, sub) ?? []];
  for (const [x, center] of differences)
    if (x && center && isMeanOf(center, { x, axes })) return { x, axes, centred: true };
  return root && { x: root, axes, centred: false };
}

/** A variance as the mean of squares less the square of the mean, kept from rounding to less than zero or not. */
function differenceOfSquares(value: Value): Spread | undefined {
  const [kept] = bothWays(operandsOf(value, maximum) ?? []).find(([, least]) => constantNumber(least) === 0) ?? [value];
  const [squares, squareOfMean] = operandsOf(kept, sub) ?? [];
  const average = squares && averaged(squares);
  const [x, center] = [average && squared(average.x), squareOfMean && squared(squareOfMean)];
  if (average === undefined || x === undefined || center === undefined) return undefined;
  const { axes } = average;
  return sameMean(averaged(center), { x, axes }) ? { x, axes, centred: true } : undefined;
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

/** What is spread so that the value has its variances and epsilon, or its mean squares and epsilon. */
export function spreadUnder(value: Value): (Spread & { readonly epsilon: number }) | undefined {
  const inner = beforeReshape(value);
  const [spread, number] = bothWays(operandsOf(inner, add) ?? []).find(([, number]) => number.constant) ?? [inner];
  const epsilon = number ? constantNumber(number) : 0;
  const found = epsilon === undefined || epsilon < 0 ? undefined : spreadOf(spread);
  return found && { ...found, epsilon: epsilon! };
}

/** The ways to see a value as a product with a constant. */
export function waysToScale(value: Value): readonly Scaled[] {
  const products = bothWays(operandsOf(value, mul) ?? []).filter(([, scale]) => scale.constant);
  return [{ part: value, scale: undefined }, ...products.map(([part, scale]) => ({ part, scale }))];
}
