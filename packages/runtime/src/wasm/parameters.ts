import type { Value } from "@millrace/ir";
import { affineOf } from "../kernels/kernel.ts";
import type { Bands, Geometry } from "./bands.ts";
import type { FastNode } from "./kernel.ts";
import type { Layout } from "./layout.ts";
import type { FastScaling } from "./scaling.ts";

/** Constants of a node that sums products: weights less their zero point, biases, and what becomes of sums. */
export interface Products {
  readonly weights: Int16Array;
  readonly bias: Int32Array;
  readonly scaling: FastScaling;
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Writes the module's `Scaling`. */
export function placeScaling(layout: Layout, scaling: FastScaling, y: Value): number {
  const { sums, factors, singles, stride, base, least, greatest, signed } = scaling;
  const arrays = new Uint8Array(44 * stride);
  arrays.set(bytesOf(sums));
  arrays.set(bytesOf(factors), 8 * stride);
  arrays.set(bytesOf(singles), 32 * stride);
  const channels = (y.type.shape as readonly number[]).at(-1)!;
  const unsigned = Number(y.type.dtype === "u8");
  const fields = Int32Array.of(layout.constant(arrays), channels, stride, base, unsigned, Number(signed), 0, 0);
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
