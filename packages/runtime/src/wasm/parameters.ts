import type { DType, Value } from "@millrace/ir";
import type { StoredScaling } from "../kernels/finish.ts";
import { affineOf } from "../kernels/kernel.ts";
import type { Bands, Geometry } from "./bands.ts";
import type { FastNode } from "./kernel.ts";
import type { Layout } from "./layout.ts";
import type { FastScaling } from "./scaling.ts";

/** Constants of a node that sums products: weights less their zero point, biases, and what becomes of sums. */
export interface Products {
  readonly weights: Int16Array;
  readonly bias: Int32Array;
  readonly scaling: SumScaling;
}

/** The reference's scaling of sums, and a faster one where that is proven to give the same. */
export interface SumScaling {
  readonly stored: StoredScaling;
  readonly fast: FastScaling | undefined;
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

const exactKinds = { double: 0, single: 1, real: 2 } as const;

/** Writes the module's `Exact`. */
function placeExact(layout: Layout, { kind, zeroPoint, low, high, values, shifts }: StoredScaling): number {
  const [factors, exponents] = [values, shifts].map((data) => layout.constant(data));
  return layout.constant(Int32Array.of(exactKinds[kind], zeroPoint, low, high, factors, exponents));
}

/** Writes the module's `Scaling` for results of type `dtype`. */
export function placeScaling(layout: Layout, { stored, fast }: SumScaling, dtype: DType): number {
  const channels = stored.values.length;
  const unsigned = Number(dtype !== "i8");
  if (fast === undefined)
    return layout.constant(Int32Array.of(0, channels, 0, 0, unsigned, 0, 0, 0, placeExact(layout, stored)));
  const { sums, factors, singles, stride, base, least, greatest, signed } = fast;
  const arrays = new Uint8Array(44 * stride);
  arrays.set(bytesOf(sums));
  arrays.set(bytesOf(factors), 8 * stride);
  arrays.set(bytesOf(singles), 32 * stride);
  const fields = Int32Array.of(layout.constant(arrays), channels, stride, base, unsigned, Number(signed), 0, 0, 0);
  new Float32Array(fields.buffer).set([least, greatest], 6);
  return layout.constant(fields);
}

/** Writes the module's `Images`. */
export function placeImages(
  layout: Layout,
  { node }: FastNode,
  { from, window }: Geometry,
  band: number,
  bands: Bands,
): number {
  const x = node.inputs[0] as Value;
  const [, height, width, channels] = from;
  const zero = affineOf(x, node).zeroPoint;
  const { columns, depth } = bands;
  const unsigned = Number(x.type.dtype === "u8");
  const { padding } = window;
  return layout.constant(
    Int32Array.of(layout.addressOf(x), height, width, channels, zero, unsigned, padding[1], columns, depth, band),
  );
}

/** Writes biases, with zeros behind them up to a multiple of sixteen channels. */
export function placeBias(layout: Layout, { bias }: Products): number {
  const filled = new Int32Array(Math.ceil(bias.length / 16) * 16);
  filled.set(bias);
  return layout.constant(filled);
}
