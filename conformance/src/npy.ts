import { readFileSync } from "node:fs";
import { readNpy as decode } from "@millrace/formats/npy";
import type { Tensor } from "@millrace/ir";

/** A tensor stored in NumPy's format. */
export function readNpy(path: string): Tensor {
  return decode(new Uint8Array(readFileSync(path)));
}

/** Entry `index` along the first axis. */
export function entryOf({ dtype, shape, data }: Tensor, index: number): Tensor {
  const [, ...rest] = shape;
  const count = rest.reduce((product, size) => product * size, 1);
  return { dtype, shape: rest, data: data.subarray(index * count, (index + 1) * count) };
}
