import { stridesOf, type Tensor, zeros } from "@millrace/ir";

/**
 * out[i, j, …] = source[lists[0][i], lists[1][j], …] for any element type: one list of indices for each axis.
 * An index of -1 gives `fill`.
 */
export function pick(source: Tensor, lists: readonly ArrayLike<number>[], fill = 0): Tensor {
  const result = zeros(
    source.dtype,
    lists.map(({ length }) => length),
  );
  const target = result.data as Float64Array;
  if (fill !== 0) fillWith(result, fill);
  const data = source.data as Float64Array;
  const strides = stridesOf(source.shape);
  const last = lists.length - 1;
  const inner: ArrayLike<number> = last < 0 ? [0] : lists[last];
  const position = new Int32Array(lists.length);
  for (let at = 0; at < target.length; at += inner.length) {
    const base = rowOffset(lists, strides, position);
    if (base >= 0) {
      for (let index = 0; index < inner.length; index++) {
        if (inner[index] >= 0) target[at + index] = data[base + inner[index]];
      }
    }
    advance(position, result.shape, last - 1);
  }
  return result;
}

/** Every index of an axis of `size`, in order. */
export function everyIndex(size: number): Int32Array {
  return Int32Array.from({ length: size }, (_, index) => index);
}

function fillWith({ data }: Tensor, value: number): void {
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data.fill(BigInt(Math.trunc(value)));
  else data.fill(value);
}

function rowOffset(lists: readonly ArrayLike<number>[], strides: readonly number[], position: Int32Array): number {
  let offset = 0;
  for (let axis = 0; axis < lists.length - 1; axis++) {
    const index = lists[axis][position[axis]];
    if (index < 0) return -1;
    offset += index * strides[axis];
  }
  return offset;
}

/** Steps a row-major position by one along `axis`, carrying outwards. */
function advance(position: Int32Array, shape: readonly number[], axis: number): void {
  for (let at = axis; at >= 0; at--) {
    if (++position[at] < shape[at]) return;
    position[at] = 0;
  }
}
