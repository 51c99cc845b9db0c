import { Convolution } from "./convolution";
import { fillBand } from "./images";
import { multiplyFour } from "./multiply";
import { finish } from "./scaling";

/**
 * A convolution of 3 by 3 by steps of one, computed in tiles of 2 by 2 pixels by Winograd's F(2 x 2, 3 x 3): a tile's data and the weights are
 * transformed to 16 planes, which are multiplied one by one. Weights are transformed to four times their size, to stay integers.
 */
@unmanaged
export class Winograd {
  /** Its `pixels` are the offsets of tiles in a plane, its `weights` transformed ones, plane by plane. */
  convolution: Convolution;
  /** Where planes of transformed data go, and bytes from one to the next. */
  data: usize;
  dataPlane: i32;
  /** Where planes of products for eight channels go, and bytes from one to the next. */
  products: usize;
  productPlane: i32;
  tilesAcross: i32;
  /** Elements of a pixel in the band. */
  depth: i32;
}

// @ts-ignore: decorator
@inline
function transformRow(first: usize, second: usize, subtract: bool, across: usize, target: usize, plane: usize): void {
  const a = combine(first, second, subtract);
  const b = combine(first + across, second + across, subtract);
  const c = combine(first + 2 * across, second + 2 * across, subtract);
  const d = combine(first + 3 * across, second + 3 * across, subtract);
  v128.store(target, i16x8.sub(a, c));
  v128.store(target + plane, i16x8.add(b, c));
  v128.store(target + 2 * plane, i16x8.sub(c, b));
  v128.store(target + 3 * plane, i16x8.sub(b, d));
}

// @ts-ignore: decorator
@inline
function combine(first: usize, second: usize, subtract: bool): v128 {
  const a = v128.load(first), b = v128.load(second);
  return subtract ? i16x8.sub(a, b) : i16x8.add(a, b);
}

/** Transforms the data of `rows` rows of tiles. */
function transformData(call: Winograd, rows: i32): void {
  const images = call.convolution.images;
  const across = <usize>(2 * call.depth), down = across * images.columns;
  const plane = <usize>call.dataPlane;
  let target = call.data;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < call.tilesAcross; column++) {
      const tile = images.band + 2 * row * down + 2 * column * across;
      for (let at: usize = 0; at < across; at += 16) {
        const a = tile + at, b = a + down, c = b + down, d = c + down;
        const to = target + at;
        transformRow(a, c, true, across, to, plane);
        transformRow(b, c, false, across, to + 4 * plane, plane);
        transformRow(c, b, true, across, to + 8 * plane, plane);
        transformRow(b, d, true, across, to + 12 * plane, plane);
      }
      target += across;
    }
  }
}

/** Products of all planes for the eight channels from `channel` on; tiles are counted up to a multiple of four. */
function multiplyPlanes(call: Winograd, tiles: i32, channel: i32): void {
  const convolution = call.convolution;
  const length = 4 * convolution.pairs;
  const zero = i32x4.splat(0);
  let weights = convolution.weights + 64 * channel * convolution.pairs;
  for (let plane = 0; plane < 16; plane++) {
    const data = call.data + plane * call.dataPlane;
    let products = call.products + plane * call.productPlane;
    for (let tile = 0; tile < tiles; tile += 4) {
      const runs = convolution.runs;
      multiplyFour(data, convolution.pixels + 4 * tile, runs, runs + 4, length, weights, zero, zero, products);
      products += 128;
    }
    weights += 8 * length;
  }
}

// @ts-ignore: decorator
@inline
function upper(a: v128, b: v128, c: v128): v128 {
  return i32x4.add(i32x4.add(a, b), c);
}

// @ts-ignore: decorator
@inline
function lower(b: v128, c: v128, d: v128): v128 {
  return i32x4.sub(i32x4.sub(b, c), d);
}

// @ts-ignore: decorator
@inline
function quarter(sum: v128, bias: v128): v128 {
  return i32x4.add(i32x4.shr_s(sum, 2), bias);
}

/** Brings one tile's products for four channels back to sums of its four pixels. */
// @ts-ignore: decorator
@inline
function restoreTile(from: usize, plane: usize, bias: v128, sums: usize, down: usize, right: bool): void {
  let a = v128.load(from), b = v128.load(from + plane);
  let c = v128.load(from + 2 * plane), d = v128.load(from + 3 * plane);
  const left0 = upper(a, b, c), right0 = lower(b, c, d);
  from += 4 * plane;
  a = v128.load(from), b = v128.load(from + plane);
  c = v128.load(from + 2 * plane), d = v128.load(from + 3 * plane);
  const left1 = upper(a, b, c), right1 = lower(b, c, d);
  from += 4 * plane;
  a = v128.load(from), b = v128.load(from + plane);
  c = v128.load(from + 2 * plane), d = v128.load(from + 3 * plane);
  const left2 = upper(a, b, c), right2 = lower(b, c, d);
  from += 4 * plane;
  a = v128.load(from), b = v128.load(from + plane);
  c = v128.load(from + 2 * plane), d = v128.load(from + 3 * plane);
  const left3 = upper(a, b, c), right3 = lower(b, c, d);
  v128.store(sums, quarter(upper(left0, left1, left2), bias));
  v128.store(sums + down, quarter(lower(left1, left2, left3), bias));
  if (!right) return;
  v128.store(sums + 32, quarter(upper(right0, right1, right2), bias));
  v128.store(sums + down + 32, quarter(lower(right1, right2, right3), bias));
}

function restoreSums(call: Winograd, rows: i32, channel: i32): void {
  const convolution = call.convolution;
  const plane = <usize>call.productPlane;
  const width = convolution.width;
  const down = <usize>(32 * width);
  for (let half = 0; half < 2; half++) {
    const bias = v128.load(convolution.bias + 4 * channel + 16 * half);
    let from = call.products + 16 * half;
    for (let row = 0; row < rows; row++) {
      let sums = convolution.sums + 16 * half + 2 * row * down;
      for (let column = 0; column < width; column += 2) {
        restoreTile(from, plane, bias, sums, down, column + 1 < width);
        from += 32;
        sums += 64;
      }
    }
  }
}

/** Runs the convolution; its bands are of an even number of rows. */
export function convolveTiles(call: Winograd): void {
  const convolution = call.convolution;
  const channels = convolution.scaling.channels;
  let target = convolution.target;
  for (let image = 0; image < convolution.batches; image++) {
    for (let row = 0; row < convolution.height; row += convolution.rows) {
      const rows = min(convolution.rows, convolution.height - row);
      const tileRows = (rows + 1) >> 1;
      fillBand(convolution.images, image, row - convolution.top, 2 * tileRows + 2);
      transformData(call, tileRows);
      const count = rows * convolution.width;
      for (let channel = 0; channel < channels; channel += 8) {
        multiplyPlanes(call, tileRows * call.tilesAcross, channel);
        restoreSums(call, tileRows, channel);
        finish(convolution.sums, target, count, convolution.scaling, channel);
      }
      target += count * channels;
    }
  }
}
