import { fromNumbers, type Value } from "@millrace/ir";
import {
  add,
  cast,
  concat,
  expand,
  gather,
  greaterEqual,
  lessEqual,
  maximum,
  mean,
  mul,
  reduceMax,
  reduceMin,
  sub,
  transpose,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { converted, formulaOf } from "./formula.ts";
import { interpolated, tapsAt } from "./interpolation.ts";
import { knownShape } from "./known-shape.ts";
import { reshaped, sliced } from "./weights.ts";

const inside = { mode: "border", aligned: true } as const;

/** Most regions of which each has its own number of samples. */
const maximumRegions = 256;

interface Pooling {
  readonly size: readonly number[];
  readonly scale: number;
  /** What regions are moved by: their coordinates are those of the elements' edges in mode half_pixel, else of their centres. */
  readonly offset: number;
  readonly isMaximum: boolean;
}

function poolingOf(node: SourceNode): Pooling {
  const { attributes } = node;
  const mode = attributes.text("mode", "avg");
  if (mode !== "avg" && mode !== "max") node.unsupported(`mode is ${mode}`, "Use avg or max.");
  const transformation = node.opset < 16 ? "output_half_pixel" : "half_pixel";
  const isShifted = attributes.text("coordinate_transformation_mode", transformation) === "half_pixel";
  const size = ["output_height", "output_width"].map((name) => attributes.integer(name, 1));
  if (size.some((count) => count < 1)) node.invalid(`its output size is [${size}]`);
  return {
    size,
    scale: attributes.real("spatial_scale", 1),
    offset: isShifted ? 0.5 : 0,
    isMaximum: mode === "max",
  };
}

/** Averages or maxima of samples of each region of images, in a grid of bins; a sample is interpolated between four elements. */
function regionAlign(node: SourceNode): Value {
  const pooling = poolingOf(node);
  const [count] = knownShape(node, node.shape(1));
  const samples = node.attributes.integer("sampling_ratio", 0);
  const corners = cornersOf(node, node.input(1), pooling);
  const images = converted(node, node.input(2), "i32");
  if (samples > 0) return pooledRegions(node, pooling, corners, images, [samples, samples]);
  if (!node.isConstant(corners.start) || count > maximumRegions)
    node.unsupported(
      `sampling_ratio is ${samples}, with which the number of samples depends on the regions`,
      `Set sampling_ratio, or make at most ${maximumRegions} regions constants.`,
    );
  return separatelyPooled(node, pooling, corners, images, count);
}

/** Starts and extents [regions, 2] along height and width. */
interface Corners {
  readonly start: Value;
  readonly extent: Value;
}

/** Without half_pixel, regions are at least one element long. */
function cornersOf(node: SourceNode, regions: Value, { scale, offset }: Pooling): Corners {
  const of = formulaOf(node);
  const scaled = of(sub, of(mul, regions, scale), offset);
  const [start, end] = [
    [1, 0],
    [3, 2],
  ].map((columns) => node.compute(gather, [scaled, node.constant(fromNumbers("i32", [2], columns))], { axis: 1 }));
  const extent = of(sub, end, start);
  return { start, extent: offset === 0 ? of(maximum, extent, 1) : extent };
}

/** As many samples in each bin as it has elements, rounded up, which is another number for every region. */
function separatelyPooled(
  node: SourceNode,
  pooling: Pooling,
  { start, extent }: Corners,
  images: Value,
  count: number,
): Value {
  const extents = node.constantTensor(extent, "its regions").data as Float32Array;
  const row = (value: Value, region: number) => sliced(node, value, 0, region, 1);
  const regions = Array.from({ length: count }, (_, region) => {
    const samples = pooling.size.map((bins, axis) => Math.max(1, Math.ceil(extents[2 * region + axis] / bins)));
    const corners = { start: row(start, region), extent: row(extent, region) };
    return pooledRegions(node, pooling, corners, row(images, region), samples);
  });
  return regions.length === 1 ? regions[0] : node.compute(concat, regions, { axis: 0 });
}

function pooledRegions(
  node: SourceNode,
  pooling: Pooling,
  corners: Corners,
  images: Value,
  samples: readonly number[],
): Value {
  const x = node.input(0);
  const [, channels] = knownShape(node, x.type.shape);
  const [count] = knownShape(node, images.type.shape);
  const [rows, columns] = pooling.size.map((bins, axis) => bins * samples[axis]);
  const points = count * rows * columns;
  const places = placesOf(node, pooling, corners, samples);
  const image = expanded(node, reshaped(node, images, [count, 1]), [count, rows * columns]);
  const values = sampled(node, pooling, { x, image: reshaped(node, image, [points]), places });
  const fold = (value: Value, lead: number, taps: number, rest: number) =>
    node.compute(pooling.isMaximum ? reduceMax : mean, [reshaped(node, value, [lead, taps, rest])], {
      axes: [1],
      keepDims: false,
    });
  const [height, width] = pooling.size;
  const folded = fold(
    fold(values, count * height, samples[0], columns * channels),
    count * height * width,
    samples[1],
    channels,
  );
  const bins = reshaped(node, folded, [count, height * width, channels]);
  return reshaped(node, node.compute(transpose, [bins], { permutation: [0, 2, 1] }), [count, channels, height, width]);
}

/** Samples [points, channels]: interpolated, or for maxima the greatest of the weighted elements; 0 far outside the image. */
function sampled(node: SourceNode, { isMaximum }: Pooling, points: Parameters<typeof tapsAt>[1]): Value {
  const of = formulaOf(node);
  const taps = tapsAt(node, points, "linear", inside);
  const weighted = () => of(mul, taps.elements, reshaped(node, taps.weights!, [...taps.weights!.type.shape, 1]));
  const value = isMaximum
    ? node.compute(reduceMax, [weighted()], { axes: [1], keepDims: false })
    : interpolated(node, taps);
  const sizes = node.constant(fromNumbers("f32", [1, 2], knownShape(node, points.x.type.shape.slice(2))));
  const [above, below] = [of(greaterEqual, points.places, -1), of(lessEqual, points.places, sizes)].map((flags) =>
    node.compute(cast, [flags], { to: "f32" }),
  );
  const isNear = node.compute(reduceMin, [of(mul, above, below)], { axes: [1], keepDims: true });
  return of(mul, value, isNear);
}

/** Places [points, 2] of the samples: region by region, row by row. */
function placesOf(node: SourceNode, { size }: Pooling, { start, extent }: Corners, samples: readonly number[]): Value {
  const of = formulaOf(node);
  const [count] = start.type.shape as readonly number[];
  const counts = size.map((bins, axis) => bins * samples[axis]);
  const lines = counts.map((total, axis) => {
    node.reserve(16 * total);
    const shares = Float64Array.from({ length: total }, (_, at) => (at + 0.5) / total);
    const [first, length] = [start, extent].map((value) => sliced(node, value, 1, axis, 1));
    return of(add, first, of(mul, length, node.constant(fromNumbers("f32", [1, total], shares))));
  });
  const [rows, columns] = counts;
  const plane = [count, rows, columns, 1];
  const both = [reshaped(node, lines[0], [count, rows, 1, 1]), reshaped(node, lines[1], [count, 1, columns, 1])].map(
    (value) => expanded(node, value, plane),
  );
  return reshaped(node, node.compute(concat, both, { axis: 3 }), [count * rows * columns, 2]);
}

function expanded(node: SourceNode, value: Value, shape: readonly number[]): Value {
  return node.compute(expand, [value], { shape });
}

export const regionAligns: Readonly<Record<string, Importer>> = { RoiAlign: regionAlign };
