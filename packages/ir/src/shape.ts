import { addDimensions, type Dimension, divideDimensions, known, multiplyDimensions } from "./dimension.ts";

/** Sizes per axis, outermost first; symbolic where the model leaves them open. */
export type Shape = readonly Dimension[];

/** Whether every dimension is a number. */
export function isStatic(shape: Shape): shape is readonly number[] {
  return shape.every((dimension) => typeof dimension === "number");
}

/** Product of all dimensions; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number;
export function elementCount(shape: Shape): Dimension;
export function elementCount(shape: Shape): Dimension {
  return shape.reduce<Dimension>(multiplyDimensions, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => dimension === b[axis]);
}

/** Row-major strides in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** Shape of an element-wise result by the rule of numpy, or undefined where two sizes disagree. A symbolic size meets an equal one or 1. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const result: Dimension[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) result.push(left);
    else if (left === 1) result.push(right);
    else if (known(left) === undefined && known(right) !== undefined) result.push(right);
    else if (known(right) === undefined && known(left) !== undefined) result.push(left);
    else return undefined;
  }
  return result;
}

/** Output size of a sliding window: floor((size + padding - dilation * (kernel - 1) - 1) / stride) + 1. */
export function windowCount(
  size: Dimension,
  kernel: number,
  stride: number,
  dilation: number,
  padding: number,
): Dimension {
  return addDimensions(divideDimensions(addDimensions(size, padding - dilation * (kernel - 1) - 1), stride), 1);
}

/** `axis` counted from the front. */
export function normalizeAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The permutation that undoes `permutation`. */
export function invertPermutation(permutation: readonly number[]): number[] {
  const inverse = new Array<number>(permutation.length);
  permutation.forEach((from, to) => {
    inverse[from] = to;
  });
  return inverse;
}

/** Items reordered so that result[i] = items[permutation[i]]. */
export function permute<T>(items: readonly T[], permutation: readonly number[]): T[] {
  return permutation.map((from) => items[from]);
}

export function isIdentityPermutation(permutation: readonly number[]): boolean {
  return permutation.every((from, to) => from === to);
}

export function printShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}
