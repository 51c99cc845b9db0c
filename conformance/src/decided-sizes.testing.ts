import { fromNumbers, type Tensor } from "@millrace/ir";

/** What is picked by a condition: the places of the positive elements of x, f32[4,3], the elements and how many there are. */
export const picking = `graph picking
    input x: f32[4,3]
    constant zero: f32[] = [0]
    condition: bool[4,3] = greater(x, zero)
    places: i64[K,2] = where(condition) {shape=[K,2]}
    picked: f32[K] = gatherNd(x, places)
    size: i64[1] = shapeOf(places) {start=0, end=1}`;

/** The five best of twelve boxes, many of which overlap, by the scores x, f32[4,3]. */
export const suppressing = `graph suppressing
    input x: f32[4,3]
    flat: f32[12] = reshape(x) {shape=[12]}
    constant boxes: f32[12,4] = [${boxes(12)}]
    constant overlap: f32[] = [0.4]
    constant least: f32[] = [-4]
    indices: i32[5], chosen: f32[5], count: i32[] = nonMaxSuppression(boxes, flat, overlap, least) {most=5}`;

/** Corners of boxes of several sizes. */
export function boxes(count: number): string {
  return Array.from({ length: count }, (_, at) => [at % 3, at % 2, (at % 3) + 2, 1.5 + at / 4]).join();
}

/** Values of x, of which some are positive or none. */
export const signs: readonly Tensor[] = [
  [0.5, -1, 2, -3, 4, -5, 6, -7, -8, 9, -1.5, -2],
  [-1, -1.5, 2, -3, -4, -5, -6, -7, -8, -9, -0.5, -2],
].map((numbers) => fromNumbers("f32", [4, 3], numbers));
