import type { Dimension } from "./dimension.ts";
import { elementCount, isStatic, type Shape } from "./shape.ts";

/**
 * How stored integers stand for real numbers: real = (stored - zeroPoint) * scale.
 * One entry for the whole tensor, or one for each index along `axis`, or, where there is a `block`, one for each `block` neighbours along
 * `axis`, in the order of a tensor of the same shape but that axis divided by it. Scales are float32 values.
 */
export interface Quantization {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  /** Axis the entries belong to; present exactly when there is not one for the whole tensor. */
  readonly axis?: number;
  /** Neighbours along the axis that share an entry; divides its size. */
  readonly block?: number;
}

export function perTensor(scale: number, zeroPoint: number): Quantization {
  return { scale: [Math.fround(scale)], zeroPoint: [zeroPoint] };
}

export function perAxis(scale: readonly number[], axis: number): Quantization {
  return { scale: scale.map(Math.fround), zeroPoint: scale.map(() => 0), axis };
}

/** Symmetric entries for each `block` neighbours along an axis. */
export function perBlock(scale: readonly number[], axis: number, block: number): Quantization {
  return { ...perAxis(scale, axis), block };
}

/** How many entries a tensor needs; undefined where it has no such axis, or blocks don't fill it. */
export function entryCount(shape: Shape, { axis, block }: Quantization): Dimension | undefined {
  if (axis === undefined) return 1;
  if (block === undefined) return shape[axis];
  const filled = isStatic(shape) && Number.isInteger(block) && block > 0 && shape[axis] % block === 0;
  return filled ? elementCount(shape) / block : undefined;
}

/** The shape that has one element for each of a tensor's entries: none, one axis, or that of the tensor with one axis in blocks. */
export function entryShape(shape: Shape, { scale, axis, block }: Quantization): readonly number[] {
  if (axis === undefined) return [];
  if (block === undefined) return [scale.length];
  return (shape as readonly number[]).map((size, at) => (at === axis ? size / block : size));
}

/** Which entry the element at each place of a tensor's data has. */
export function entryOf(shape: readonly number[], { axis, block }: Quantization): (at: number) => number {
  if (axis === undefined) return () => 0;
  const inner = elementCount(shape.slice(axis + 1));
  if (block === undefined) return (at) => Math.floor(at / inner) % shape[axis];
  return (at) => Math.floor(at / (inner * block)) * inner + (at % inner);
}

export function sameQuantization(a: Quantization | undefined, b: Quantization | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return (
    a.axis === b.axis && a.block === b.block && sameNumbers(a.scale, b.scale) && sameNumbers(a.zeroPoint, b.zeroPoint)
  );
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
