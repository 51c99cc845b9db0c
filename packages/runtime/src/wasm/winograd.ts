import type { Value } from "@millrace/ir";
import type { Bands, Geometry } from "./bands.ts";
import type { Command } from "./commands.ts";
import type { FastKernel, FastNode } from "./kernel.ts";
import type { Layout } from "./layout.ts";
import { packPairs } from "./packing.ts";
import { type Products, placeBias, placeImages, placeScaling } from "./parameters.ts";

/** Tiles that are worked on at a time. */
const bandTiles = 32;
/** Fewer channels than this are not worth transforming; with more than this, sums might leave 32 bits. */
const fewest = 16;
const most = 512;

/**
 * Whether a convolution is computed faster in tiles of 2 by 2 pixels, by Winograd's F(2 × 2, 3 × 3): 16 products for each instead of 36.
 * All of it is exact. Data less its zero point, at most 255 in size, becomes differences and sums of four, at most 1020; weights, at most 255 too,
 * are transformed by twice the usual matrix on either side and become sums of nine, at most 2295: both fit into 16 bits. What
 * comes out is four times the sum of products. Only that has to fit into 32 bits, since everything between is addition modulo 2^32, and for
 * 512 channels it is below 4 · 9 · 512 · 255² < 2^31.
 */
export function suitsTiles({ from, to, window, depthwise }: Geometry): boolean {
  const { kernel, stride, dilation } = window;
  const plain = [...stride, ...dilation].every((step) => step === 1) && kernel.every((size) => size === 3);
  return plain && !depthwise && from[3] >= fewest && from[3] <= most && to[3] >= fewest && to[1] > 1 && to[2] > 1;
}

interface TileBands extends Bands {
  readonly tilesAcross: number;
  /** Tiles of a band, up to a multiple of four. */
  readonly tiles: number;
}

function tileBandsOf({ from, to, window }: Geometry): TileBands {
  const tilesAcross = Math.ceil(to[2] / 2);
  const tileRows = Math.min(Math.ceil(to[1] / 2), Math.max(1, Math.floor(bandTiles / tilesAcross)));
  return {
    depth: Math.ceil(from[3] / 8) * 8,
    columns: Math.max(window.padding[1] + from[2], 2 * tilesAcross + 2),
    rows: 2 * tileRows,
    height: 2 * tileRows + 2,
    reach: 3,
    tilesAcross,
    tiles: Math.ceil((tileRows * tilesAcross) / 4) * 4,
  };
}

/** Working memory: sums, the band, planes of transformed data and of products. */
function scratchOf({ to }: Geometry, { rows, height, columns, depth, tiles }: TileBands) {
  const band = rows * to[2] * 32;
  const data = band + 2 * height * columns * depth;
  const products = data + 32 * tiles * depth;
  return { band, data, products, bytes: products + 16 * 32 * tiles };
}

const transform = [
  [2, 0, 0],
  [1, 1, 1],
  [1, -1, 1],
  [0, 0, 2],
];

/** Filters of 3 by 3, [channel, tap, element], as [channel, plane, element] with elements filled up to `depth`. */
function transformFilters(weights: Int16Array, channels: number, depth: number): Int16Array {
  const elements = weights.length / (9 * channels);
  const planes = new Int16Array(channels * 16 * depth);
  const shares = Array.from({ length: 16 }, (_, plane) =>
    Array.from({ length: 9 }, (_, tap) => transform[plane >> 2][Math.floor(tap / 3)] * transform[plane & 3][tap % 3]),
  );
  for (let channel = 0; channel < channels; channel++) {
    for (const [plane, taps] of shares.entries()) {
      const to = (channel * 16 + plane) * depth;
      for (const [tap, share] of taps.entries()) {
        const from = (channel * 9 + tap) * elements;
        if (share !== 0) for (let at = 0; at < elements; at++) planes[to + at] += share * weights[from + at];
      }
    }
  }
  return planes;
}

/** Writes the module's `Winograd` and its `Convolution`. */
function placeTiles(layout: Layout, fast: FastNode, geometry: Geometry, products: Products): Command {
  const [y] = fast.node.outputs;
  const { to, window } = geometry;
  const bands = tileBandsOf(geometry);
  const { rows, depth, tiles } = bands;
  const { scratch } = layout;
  const parts = scratchOf(geometry, bands);
  const images = placeImages(layout, fast, geometry, scratch + parts.band, bands);
  const scaling = placeScaling(layout, products.scaling, y.type.dtype);
  const planes = transformFilters(products.weights, to[3], depth);
  const packing = { channels: to[3], together: 8, runLength: depth } as const;
  const weights = layout.constant(packPairs(planes, packing, (count) => new Int16Array(count)));
  const offsets = layout.constant(Uint32Array.from({ length: tiles }, (_, tile) => 2 * depth * tile));
  const convolution = layout.constant(
    Int32Array.of(
      ...[images, scaling, layout.addressOf(y), to[0], to[1], to[2], rows, 1, 1, window.padding[0], bands.reach],
      ...[weights, placeBias(layout, products), offsets, layout.constant(new Uint32Array(1)), 1, depth / 2, scratch],
    ),
  );
  const parameters = layout.constant(
    Int32Array.of(
      ...[convolution, scratch + parts.data, 2 * tiles * depth, scratch + parts.products, 32 * tiles],
      ...[bands.tilesAcross, depth],
    ),
  );
  return { operation: "multiplyTiles", parameters };
}

/** A convolution that suits tiles. */
export function fastTiles(fast: FastNode, geometry: Geometry, products: Products): FastKernel {
  return {
    reads: [fast.node.inputs[0] as Value],
    scratch: scratchOf(geometry, tileBandsOf(geometry)).bytes,
    place: (layout) => [placeTiles(layout, fast, geometry, products)],
  };
}
