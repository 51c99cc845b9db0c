import { readFileSync } from "node:fs";
import { type DType, type Tensor, viewBytes } from "@millrace/ir";

const dtypes: Readonly<Record<string, DType>> = {
  "|b1": "bool",
  "|i1": "i8",
  "|u1": "u8",
  "<i2": "i16",
  "<i4": "i32",
  "<i8": "i64",
  "<f2": "f16",
  "<f4": "f32",
  "<f8": "f64",
};

/** A tensor stored in NumPy's format, version 1 or 2, in C order. */
export function readNpy(path: string): Tensor {
  const bytes = new Uint8Array(readFileSync(path));
  const wide = bytes[6] > 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const start = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, start + length));
  const dtype = dtypes[/'descr': '([^']+)'/.exec(header)?.[1] ?? ""];
  const shape = /'shape': \(([^)]*)\)/.exec(header)?.[1];
  if (dtype === undefined || shape === undefined || !header.includes("'fortran_order': False"))
    throw new Error(`${path} is not an array this can read: ${header}`);
  const sizes = shape.split(",").filter((size) => size.trim() !== "");
  return viewBytes(dtype, sizes.map(Number), bytes.subarray(start + length));
}

/** Entry `index` along the first axis. */
export function entryOf({ dtype, shape, data }: Tensor, index: number): Tensor {
  const [, ...rest] = shape;
  const count = rest.reduce((product, size) => product * size, 1);
  return { dtype, shape: rest, data: data.subarray(index * count, (index + 1) * count) };
}
