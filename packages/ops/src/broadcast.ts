import { elementCount, stridesOf } from "@millrace/ir";

/** Calls `visit(out, a, b)` with flat element indices for every element of a broadcast result of static `shape`. */
export function forEachBroadcast(
  shape: readonly number[],
  shapes: readonly (readonly number[])[],
  visit: (out: number, indices: Int32Array) => void,
): void {
  const rank = shape.length;
  const steps = shapes.map((source) => broadcastStrides(source, rank));
  const position = new Int32Array(rank);
  const indices = new Int32Array(shapes.length);
  const count = elementCount(shape);
  for (let out = 0; out < count; out++) {
    visit(out, indices);
    for (let axis = rank - 1; axis >= 0; axis--) {
      position[axis]++;
      for (let source = 0; source < steps.length; source++) indices[source] += steps[source][axis];
      if (position[axis] < shape[axis]) break;
      for (let source = 0; source < steps.length; source++) indices[source] -= steps[source][axis] * shape[axis];
      position[axis] = 0;
    }
  }
}

/** Strides of `shape` seen with `rank` axes; 0 along axes that are repeated. */
function broadcastStrides(shape: readonly number[], rank: number): number[] {
  const strides = stridesOf(shape);
  return Array.from({ length: rank }, (_, axis) => {
    const own = axis - rank + shape.length;
    return own < 0 || shape[own] === 1 ? 0 : strides[own];
  });
}
