import { elementCount, stridesOf } from "@millrace/ir";

/** Strides of `shape` as it is repeated along `rank` axes. */
function repeatedStrides(shape: readonly number[], rank: number): number[] {
  const strides = stridesOf(shape);
  return Array.from({ length: rank }, (_, axis) => {
    const own = axis - rank + shape.length;
    return own < 0 || shape[own] === 1 ? 0 : strides[own];
  });
}

/** For every element of a broadcast result, the element of each source it comes from. */
export function broadcastOffsets(shape: readonly number[], sources: readonly (readonly number[])[]): Int32Array[] {
  return sources.map((source) => {
    const offsets = new Int32Array(elementCount(shape));
    const strides = repeatedStrides(source, shape.length);
    let filled = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      for (let index = 1; index < shape[axis]; index++) {
        for (let at = 0; at < filled; at++) offsets[index * filled + at] = offsets[at] + index * strides[axis];
      }
      filled *= shape[axis];
    }
    return offsets;
  });
}
