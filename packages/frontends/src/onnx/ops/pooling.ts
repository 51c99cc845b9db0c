import { fromNumbers, isStatic, type Shape, type Value } from "@millrace/ir";
import { abs, averagePool2d, maxPool2d, mean, mul, pad, pow, reduceMax, sqrt, sum } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { foldAlongAxes } from "./covered.ts";
import { formulaOf } from "./formula.ts";
import { knownSize } from "./known-shape.ts";
import { placesOfMaxima } from "./maxima.ts";
import { localResponse } from "./response.ts";
import { foldInPlanes, planar, reach, type Sliding, spatialSizes, type Window, windowOf } from "./spatial.ts";

const pooled = { layout: "first", activation: "none" } as const;

/** The window of a pooling node, and the padding that ceil_mode adds after the data along each axis. */
function poolingWindow(node: SourceNode): { readonly window: Window; readonly extra: readonly number[] } {
  const sizes = spatialSizes(node);
  const kernel = node.attributes.integers("kernel_shape") ?? [];
  if (kernel.length !== sizes.length)
    node.invalid(`kernel_shape has ${kernel.length} entries for ${sizes.length} axes`);
  const window = windowOf(node, sizes, kernel);
  const rounded = node.attributes.flag("ceil_mode", false);
  if (window.some((sliding) => Math.max(sliding.before, sliding.after) >= reach(sliding)))
    node.unsupported("its padding is as large as its kernel", "Use a padding below the kernel's size.");
  return { window, extra: window.map((sliding, axis) => (rounded ? ceilPadding(node, sizes[axis], sliding) : 0)) };
}

/** Padding that makes room for a last, partial window; windows that would start in the padding after the data are left out. */
function ceilPadding(node: SourceNode, size: Shape[number], sliding: Sliding): number {
  const { stride, before, after } = sliding;
  if (stride === 1) return 0;
  if (typeof size === "string")
    return node.unsupported(`ceil_mode depends on the size ${size}`, `Give the size of ${size}, or use ceil_mode 0.`);
  const room = size + before + after;
  const windows = Math.ceil((room - reach(sliding)) / stride) + 1;
  const startsInside = (windows - 1) * stride < size + before;
  return Math.max(0, ((startsInside ? windows : windows - 1) - 1) * stride + reach(sliding) - room);
}

function extended(window: Window, extra: readonly number[]): Window {
  return window.map((sliding, axis) => ({ ...sliding, after: sliding.after + extra[axis] }));
}

/** Padding that counts as data is added first where ceil_mode adds more that does not count. */
function averagePool(node: SourceNode): Value {
  const { window, extra } = poolingWindow(node);
  const countPadding = node.attributes.flag("count_include_pad", false);
  if (window.some(({ dilation }) => dilation !== 1)) return dilatedMean(node, window, extra, countPadding);
  const isPartial = extra.some((count) => count > 0);
  const apart = countPadding && isPartial && window.some(({ before, after }) => before + after > 0);
  const x = apart ? zeroPadded(node, window) : node.input(0);
  const inside = apart ? window.map((sliding) => ({ ...sliding, before: 0, after: 0 })) : window;
  return foldInPlanes(node, x, extended(inside, extra), (image, plane) => {
    const { dilation: _, ...attributes } = planar(plane);
    return node.emit(averagePool2d, [image], {
      ...attributes,
      countPadding: countPadding && !isPartial,
      ...pooled,
    });
  });
}

function zeroPadded(node: SourceNode, window: Window): Value {
  const before = [0, 0, ...window.map((sliding) => sliding.before)];
  const after = [0, 0, ...window.map((sliding) => sliding.after)];
  return node.emit(pad, [node.input(0)], { before, after, mode: "constant", value: 0 });
}

/** Sums of what the window covers over how many elements count, which is a product over the axes as the sum is. */
function dilatedMean(node: SourceNode, window: Window, extra: readonly number[], countPadding: boolean): Value {
  const sizes = spatialSizes(node).map((size) => knownSize(node, size));
  return foldAlongAxes(node, node.input(0), extended(window, extra), (windows, axis) => {
    const { before, after, kernel, stride, dilation } = window[axis];
    const [low, high] = countPadding ? [-before, sizes[axis] + after] : [0, sizes[axis]];
    const positions = knownSize(node, windows.type.shape[1]);
    const shares = Float64Array.from({ length: positions }, (_, at) => {
      let count = 0;
      for (let tap = 0; tap < kernel; tap++) {
        const index = at * stride + tap * dilation - before;
        if (index >= low && index < high) count++;
      }
      return 1 / count;
    });
    const share = node.constant(fromNumbers("f32", [positions, 1], shares));
    return formulaOf(node)(mul, node.compute(sum, [windows], { axes: [2], keepDims: false }), share);
  });
}

function maxPool(node: SourceNode): Value | readonly Value[] {
  const { window, extra } = poolingWindow(node);
  const columnFirst = node.attributes.flag("storage_order", false);
  const whole = extended(window, extra);
  const maxima = foldInPlanes(node, node.input(0), whole, (image, plane) =>
    node.emit(maxPool2d, [image], { ...planar(plane), ...pooled }),
  );
  return node.wants(1) && isStatic(node.shape(0)) ? [maxima, placesOfMaxima(node, whole, columnFirst)] : maxima;
}

/** (Σ |x|^p)^(1 / p) where `fold` sums; p is 2 unless given. */
function norm(node: SourceNode, fold: (powers: Value) => Value): Value {
  const of = formulaOf(node);
  const x = node.input(0);
  const p = node.attributes.integer("p", 2);
  if (p < 1) node.invalid(`p is ${p}`);
  if (p === 1) return fold(of(abs, x));
  if (p === 2) return of(sqrt, fold(of(mul, x, x)));
  return of(pow, fold(of(pow, of(abs, x), p)), 1 / p);
}

function normPool(node: SourceNode): Value {
  const { window, extra } = poolingWindow(node);
  return norm(node, (powers) =>
    foldAlongAxes(node, powers, extended(window, extra), (windows) =>
      node.compute(sum, [windows], { axes: [2], keepDims: false }),
    ),
  );
}

/** Folds every axis behind the channels to one element. */
function globalPool(op: typeof mean): Importer {
  return (node) => node.emit(op, [node.input(0)], overAll(node));
}

function overAll(node: SourceNode) {
  return { axes: spatialSizes(node).map((_, axis) => axis + 2), keepDims: true };
}

export const pooling: Readonly<Record<string, Importer>> = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  LpPool: normPool,
  GlobalAveragePool: globalPool(mean),
  GlobalMaxPool: globalPool(reduceMax),
  GlobalLpPool: (node) => norm(node, (powers) => node.compute(sum, [powers], overAll(node))),
  LRN: localResponse,
};
