import type { DotProductArray } from "./machine.ts";

/** The sizes of a filter. */
export interface FilterSizes {
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly depth: number;
}

/** Runs of weights that meet data which lie next to each other: a pixel's channels, or a whole row of the window where these don't fill the lanes. */
function runsOf({ kernelHeight, kernelWidth, depth }: FilterSizes, { lanes }: DotProductArray) {
  return depth < lanes
    ? { count: kernelHeight, length: kernelWidth * depth }
    : { count: kernelHeight * kernelWidth, length: depth };
}

/** Cycles in which the array multiplies one window with the weights of its pipelines. */
export function packedSteps(sizes: FilterSizes, array: DotProductArray): number {
  const { count, length } = runsOf(sizes, array);
  return count * Math.ceil(length / array.lanes);
}

/** Bytes of the blocks of some channels. */
export function packedBytes(sizes: FilterSizes, channels: number, array: DotProductArray): number {
  return Math.ceil(channels / array.pipelines) * packedSteps(sizes, array) * array.pipelines * array.lanes;
}

/**
 * Filters, one after the other and each [height, width, depth], as the array takes them: for each group of as many channels as there are
 * pipelines and each step, the lanes of each pipeline. Zeros fill what is left.
 */
export function packWeights(
  filters: Int8Array,
  sizes: FilterSizes,
  channels: number,
  array: DotProductArray,
): Int8Array {
  const packed = new Int8Array(packedBytes(sizes, channels, array));
  forEachWeight(sizes, channels, array, (from, to) => {
    packed[to] = filters[from];
  });
  return packed;
}

/** The way back for the first `channels` of the blocks. */
export function unpackWeights(
  packed: Int8Array,
  sizes: FilterSizes,
  channels: number,
  array: DotProductArray,
): Int8Array {
  const filters = new Int8Array(sizes.kernelHeight * sizes.kernelWidth * sizes.depth * channels);
  forEachWeight(sizes, channels, array, (from, to) => {
    filters[from] = packed[to];
  });
  return filters;
}

/** For each place in the blocks, that of its weight in the filters; -1 for zeros that fill them up. */
export function packedPositions(sizes: FilterSizes, channels: number, array: DotProductArray): Int32Array {
  const positions = new Int32Array(packedBytes(sizes, channels, array)).fill(-1);
  forEachWeight(sizes, channels, array, (from, to) => {
    positions[to] = from;
  });
  return positions;
}

/** Visits each weight: its place in the filters, and in the blocks. */
function forEachWeight(
  sizes: FilterSizes,
  channels: number,
  array: DotProductArray,
  visit: (from: number, to: number) => void,
): void {
  const { pipelines, lanes } = array;
  const { count, length } = runsOf(sizes, array);
  const stepsPerRun = Math.ceil(length / lanes);
  let from = 0;
  for (let channel = 0; channel < channels; channel++) {
    const [group, pipeline] = [Math.floor(channel / pipelines), channel % pipelines];
    for (let run = 0; run < count; run++) {
      const step = (group * count + run) * stepsPerRun;
      for (let at = 0; at < length; at++) {
        visit(from++, ((step + Math.floor(at / lanes)) * pipelines + pipeline) * lanes + (at % lanes));
      }
    }
  }
}
