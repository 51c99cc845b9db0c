import {
  type Attributes,
  addDimensions,
  type Dimension,
  divideDimensions,
  elementCount,
  multiplyDimensions,
  normalizeAxis,
  subtractDimensions,
  type Value,
} from "@millrace/ir";
import type { OpName } from "@millrace/ops";

/** The elements of a scalar or vector that is computed from the sizes of other values. */
export type Sizes = readonly Dimension[];

type Rule = (inputs: readonly Sizes[], attributes: Attributes, values: readonly Value[]) => Sizes | undefined;

const same: Rule = ([x]) => x;
const whole: Rule = ([x], _, [value]) => (value.type.dtype.startsWith("f") ? undefined : x);

/** What each operator does to sizes; an operator that isn't here makes them unknown. */
const rules: Readonly<Partial<Record<OpName, Rule>>> = {
  shapeOf: (_, { start, end }, [x]) => x.type.shape.slice(start as number, end as number),
  reshape: same,
  cast: same,
  floor: same,
  ceil: same,
  concat: (inputs) => inputs.flat(),
  gather: ([data, indices]) => indices.map((at) => data[normalizeAxis(at as number, data.length)]),
  slice: ([x], { starts, sizes, steps }) => {
    const [[start], [size], [step]] = [starts, sizes, steps] as readonly (readonly number[])[];
    if (typeof size !== "number" || typeof start !== "number") return undefined;
    return Array.from({ length: size }, (_, index) => x[start + index * step]);
  },
  expand: ([x], { shape }) => (x.length === 1 ? repeat(x[0], shape as Sizes) : x),
  add: ([a, b]) => combine(a, b, addDimensions),
  sub: ([a, b]) => combine(a, b, subtractDimensions),
  mul: ([a, b]) => combine(a, b, multiplyDimensions),
  div: (inputs, attributes, values) =>
    whole(inputs, attributes, values) && combine(inputs[0], inputs[1], divideUnlessZero),
  floorDiv: ([a, b]) => combine(a, b, divideUnlessZero),
  equal: ([a, b]) => combine(a, b, equal),
  select: ([condition, a, b]) => {
    const length = Math.max(condition.length, a.length, b.length);
    return Array.from({ length }, (_, at) => (item(condition, at) !== 0 ? item(a, at) : item(b, at)));
  },
  reduceProd: ([x]) => [elementCount(x)],
};

/** Whether anything is known about how the operator treats sizes. */
export function followsSizes(op: string): boolean {
  return Object.hasOwn(rules, op);
}

/** The result's elements, which are a scalar's or a vector's, or undefined if they are not known sizes. */
export function sizesAfter(
  op: string,
  values: readonly Value[],
  sizesOf: (value: Value) => Sizes | undefined,
  attributes: Attributes,
): Sizes | undefined {
  const inputs: Sizes[] = [];
  for (const value of op === "shapeOf" ? [] : values) {
    const sizes = sizesOf(value);
    if (sizes === undefined) return undefined;
    inputs.push(sizes);
  }
  const sizes = rules[op as OpName]?.(inputs, attributes, values);
  return sizes?.every((size) => size !== undefined) ? sizes : undefined;
}

function combine(a: Sizes, b: Sizes, apply: (a: Dimension, b: Dimension) => Dimension | undefined): Sizes | undefined {
  const length = a.length === 1 ? b.length : a.length;
  return Array.from({ length }, (_, at) => apply(item(a, at), item(b, at))) as Sizes;
}

function item(sizes: Sizes, at: number): Dimension {
  return sizes.length === 1 ? sizes[0] : sizes[at];
}

function repeat(size: Dimension, shape: Sizes): Sizes | undefined {
  const count = elementCount(shape);
  return typeof count === "number" && count <= 64 ? new Array<Dimension>(count).fill(size) : undefined;
}

function divideUnlessZero(a: Dimension, b: Dimension): Dimension | undefined {
  return b === 0 ? undefined : divideDimensions(a, b);
}

/** Whether two sizes are equal, as 1 or 0; a size is never negative, and one that is left open may be any other. */
function equal(a: Dimension, b: Dimension): Dimension | undefined {
  if (a === b) return 1;
  if (typeof a === "number" && typeof b === "number") return 0;
  return [a, b].some((size) => typeof size === "number" && size < 0) ? 0 : undefined;
}
