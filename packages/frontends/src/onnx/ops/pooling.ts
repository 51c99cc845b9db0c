import { elementCount, type Shape, type Value } from "@millrace/ir";
import { add, averagePool2d, div, maxPool2d, mean, mul, pad, pow, reduceMax } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { imageOf, reach, type Window, windowOf } from "./spatial.ts";
import { reshaped } from "./weights.ts";

const pooled = { layout: "first", activation: "none" } as const;

/** The window of a pooling node, and the padding that ceil_mode adds after the data: [height, width]. */
function poolingWindow(node: SourceNode, shape: Shape): { readonly window: Window; readonly extra: readonly number[] } {
  const kernel = node.attributes.integers("kernel_shape") ?? [];
  const rank = node.shape(0).length - 2;
  if (kernel.length !== rank) node.invalid(`kernel_shape has ${kernel.length} entries for ${rank} axes`);
  const window = windowOf(node, shape, kernel);
  const { padding } = window;
  const rounded = node.attributes.flag("ceil_mode", false);
  if ([0, 1].some((axis) => Math.max(padding[axis], padding[axis + 2]) >= reach(window, axis)))
    node.unsupported("its padding is as large as its kernel", "Use a padding below the kernel's size.");
  return { window, extra: [0, 1].map((axis) => (rounded ? ceilPadding(node, shape, window, axis) : 0)) };
}

/** Padding that makes room for a last, partial window; windows that would start in the padding after the data are left out. */
function ceilPadding(node: SourceNode, shape: Shape, window: Window, axis: number): number {
  const { padding, stride } = window;
  const size = shape[axis + 2];
  if (stride[axis] === 1) return 0;
  if (typeof size === "string")
    return node.unsupported(`ceil_mode depends on the size ${size}`, `Give the size of ${size}, or use ceil_mode 0.`);
  const room = size + padding[axis] + padding[axis + 2];
  const windows = Math.ceil((room - reach(window, axis)) / stride[axis]) + 1;
  const startsInside = (windows - 1) * stride[axis] < size + padding[axis];
  return Math.max(0, ((startsInside ? windows : windows - 1) - 1) * stride[axis] + reach(window, axis) - room);
}

function withExtra(
  [top, left, bottom, right]: readonly number[],
  [below, beside]: readonly number[],
): readonly number[] {
  return [top, left, bottom + below, right + beside];
}

/** Padding that counts as data is added first where ceil_mode adds more that does not count. */
function averagePool(node: SourceNode): Value {
  const image = imageOf(node);
  const { window, extra } = poolingWindow(node, image.x.type.shape);
  if (window.dilation.some((step) => step !== 1))
    node.unsupported(`dilations is [${window.dilation}]`, "Use a dilation of 1.");
  const { kernel, stride, padding } = window;
  const countPadding = node.attributes.flag("count_include_pad", false);
  const isPartial = extra.some((count) => count > 0);
  const apart = countPadding && isPartial && padding.some((count) => count > 0);
  const x = apart ? zeroPadded(node, image.x, padding) : image.x;
  const inside = apart ? [0, 0, 0, 0] : padding;
  const attributes = {
    kernel,
    stride,
    padding: withExtra(inside, extra),
    countPadding: countPadding && !isPartial,
    ...pooled,
  };
  return image.restore(node.emit(averagePool2d, [x], attributes));
}

function zeroPadded(node: SourceNode, x: Value, [top, left, bottom, right]: readonly number[]): Value {
  return node.emit(pad, [x], { before: [0, 0, top, left], after: [0, 0, bottom, right], mode: "constant", value: 0 });
}

function maxPool(node: SourceNode): Value {
  const image = imageOf(node);
  const { window, extra } = poolingWindow(node, image.x.type.shape);
  node.attributes.ignore("storage_order");
  return image.restore(
    node.emit(maxPool2d, [image.x], { ...window, padding: withExtra(window.padding, extra), ...pooled }),
  );
}

function globalPool(op: typeof mean): Importer {
  return (node) => {
    const axes = node
      .shape(0)
      .map((_, axis) => axis)
      .slice(2);
    return node.emit(op, [node.input(0)], { axes, keepDims: true });
  };
}

/** x / (bias + alpha / size · Σ x²)^beta over `size` neighbouring channels, whose mean is a pooling over the channel axis. */
function localResponse(node: SourceNode): Value {
  const { attributes } = node;
  const x = node.input(0);
  const { shape } = x.type;
  const size = attributes.integer("size");
  const squares = reshaped(node, node.compute(mul, [x, x], plain), [
    shape[0],
    1,
    shape[1],
    elementCount(shape.slice(2)),
  ]);
  const before = Math.floor((size - 1) / 2);
  const means = node.emit(averagePool2d, [squares], {
    kernel: [size, 1],
    stride: [1, 1],
    padding: [before, 0, size - 1 - before, 0],
    countPadding: true,
    ...pooled,
  });
  const weighted = node.compute(
    mul,
    [reshaped(node, means, shape), node.scalar(attributes.real("alpha", 1e-4))],
    plain,
  );
  const base = node.compute(add, [weighted, node.scalar(attributes.real("bias", 1))], plain);
  const divisor = node.compute(pow, [base, node.scalar(attributes.real("beta", 0.75))], {});
  return node.compute(div, [x, divisor], plain);
}

export const pooling: Readonly<Record<string, Importer>> = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  GlobalAveragePool: globalPool(mean),
  GlobalMaxPool: globalPool(reduceMax),
  LRN: localResponse,
};
