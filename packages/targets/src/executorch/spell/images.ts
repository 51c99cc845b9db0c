import { divideDimensions, elementCount, fromNumbers, isStatic, type Node, type Value } from "@millrace/ir";
import {
  add,
  averagePool2d,
  conv2d,
  depthToSpace,
  div,
  insideCounts,
  localResponseNormalization,
  maxPool2d,
  mul,
  pad,
  pow,
  reshape,
  spaceToDepth,
  square,
  transpose,
} from "@millrace/ops";
import { edit, rewrite, sizesOf } from "@millrace/passes";

const none = [0, 0, 0, 0];
const plain = { activation: "none" } as const;

/** Attributes of a node that pads rows and columns of channel-first images with a number. */
function border([top, left, bottom, right]: readonly number[], value: number) {
  return { before: [0, 0, top, left], after: [0, 0, bottom, right], mode: "constant", value };
}

const isEven = ([top, left, bottom, right]: readonly number[]) => top === bottom && left === right;

/** Whether a pool may have this padding: as much before as behind, and no more than half of its window. */
export function fitsPool(padding: readonly number[], kernel: readonly number[]): boolean {
  return isEven(padding) && kernel.every((size, side) => padding[side] <= size / 2);
}

export const padConvolutions = rewrite("edge-pad-convolutions", {
  roots: [conv2d],
  find(node) {
    const attributes = conv2d.attributesOf(node);
    return isEven(attributes.padding) ? undefined : attributes;
  },
  replace(attributes, node, graph) {
    const { step, finish } = edit(graph, node);
    const [x, ...operands] = node.inputs;
    const padded = step(pad, [x], border(attributes.padding, 0), x!.type);
    finish(conv2d, [padded, ...operands], { ...attributes, padding: none });
  },
});

export const padMaxima = rewrite("edge-pad-maxima", {
  roots: [maxPool2d],
  find(node) {
    const attributes = maxPool2d.attributesOf(node);
    return fitsPool(attributes.padding, attributes.kernel) ? undefined : attributes;
  },
  replace(attributes, node, graph) {
    const { step, finish } = edit(graph, node);
    const [x] = node.inputs;
    const padded = step(pad, [x], border(attributes.padding, Number.NEGATIVE_INFINITY), x!.type);
    finish(maxPool2d, [padded], { ...attributes, padding: none });
  },
});

/** How many elements of each window lie inside of the data, as rows by columns of the result. */
function sharesInside(node: Node): readonly number[] {
  const { kernel, stride, padding } = averagePool2d.attributesOf(node);
  const [rows, columns] = [0, 1].map((side) =>
    insideCounts({
      size: sizesOf(node.inputs[0]!)[side + 2],
      kernel: kernel[side],
      stride: stride[side],
      before: padding[side],
      windows: sizesOf(node.outputs[0])[side + 2],
    }),
  );
  return rows.flatMap((row) => columns.map((column) => (kernel[0] * kernel[1]) / (row * column)));
}

/** A mean over what lies inside of uneven padding is the one over padded data times window size over number of elements inside. */
export const padMeans = rewrite("edge-pad-means", {
  roots: [averagePool2d],
  find(node) {
    const attributes = averagePool2d.attributesOf(node);
    if (fitsPool(attributes.padding, attributes.kernel)) return undefined;
    const hasKnownImage = isStatic(node.inputs[0]!.type.shape.slice(2));
    return attributes.countPadding || hasKnownImage ? attributes : undefined;
  },
  replace(attributes, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const [x] = node.inputs;
    const { type } = x!;
    const padded = step(pad, [x], border(attributes.padding, 0), type);
    const whole = { ...attributes, padding: none };
    if (attributes.countPadding) return finish(averagePool2d, [padded], whole);
    const image = sizesOf(node.outputs[0]).slice(2);
    const shares = constant("share", fromNumbers(type.dtype, [1, 1, ...image], sharesInside(node)));
    finish(mul, [step(averagePool2d, [padded], whole, type), shares], plain);
  },
});

/** Blocks in depth-first order by taking axes apart and putting them in another order. */
export const spellDepth = rewrite("edge-spell-depth", {
  roots: [depthToSpace, spaceToDepth],
  find(node) {
    const { order, block } = depthToSpace.attributesOf(node);
    return order === "depthFirst" ? { block } : undefined;
  },
  replace({ block }, node, graph) {
    const { step, finish } = edit(graph, node);
    const x = node.inputs[0]!;
    const isDeep = node.op === depthToSpace;
    const [batch, channels, height, width] = (isDeep ? x : node.outputs[0]).type.shape;
    const depth = divideDimensions(channels, block * block);
    const [shape, permutation] = isDeep
      ? [
          [batch, block, block, depth, height, width],
          [0, 3, 4, 1, 5, 2],
        ]
      : [
          [batch, depth, height, block, width, block],
          [0, 3, 5, 1, 2, 4],
        ];
    const apart = step(reshape, [x], { shape }, x.type);
    finish(reshape, [step(transpose, [apart], { permutation }, x.type)], { shape: node.outputs[0].type.shape });
  },
});

/** The sum of squares of neighbouring channels is a mean over rows of an image one channel deep, times the window's size. */
export const spellResponse = rewrite("edge-spell-response", {
  roots: [localResponseNormalization],
  find: (node) => localResponseNormalization.attributesOf(node),
  replace({ before, after, bias, alpha, beta }, node, graph) {
    const { constant, step, finish } = edit(graph, node);
    const x = node.inputs[0]!;
    const { type } = x;
    const [batch, channels, ...image] = type.shape;
    const window = before + after + 1;
    const number = (label: string, value: number): Value => constant(label, fromNumbers(type.dtype, [], [value]));
    const rows = step(
      reshape,
      [step(square, [x], {}, type)],
      { shape: [batch, 1, channels, elementCount(image)] },
      type,
    );
    const pool = { kernel: [window, 1], stride: [1, 1], padding: [before, 0, after, 0], countPadding: true };
    const means = step(averagePool2d, [rows], { ...pool, layout: "first", ...plain }, type);
    const shaped = step(reshape, [means], { shape: type.shape }, type);
    const weighted = step(mul, [shaped, number("alpha", alpha * window)], plain, type);
    const moved = step(add, [weighted, number("bias", bias)], plain, type);
    finish(div, [x, step(pow, [moved, number("beta", beta)], {}, type)], plain);
  },
});
