import type { TensorData } from "@millrace/ir";
import type { Finish } from "./finish.ts";
import type { Products } from "./products.ts";

/** One row of results for each of `count` rows of data, two at a time; `source` has room for one row more. */
export function multiplyRows(
  source: Float64Array,
  from: number,
  count: number,
  products: Products,
  finish: Finish,
  target: TensorData,
  to: number,
): void {
  const { rows, length, stride } = products;
  const sums = new Float64Array(2 * stride);
  for (let row = 0; row < count; row += 2) {
    products.multiply(source, from + row * length, sums);
    finish(sums, 0, target, to + row * rows, 0, rows);
    if (row + 1 < count) finish(sums, stride, target, to + (row + 1) * rows, 0, rows);
  }
}
