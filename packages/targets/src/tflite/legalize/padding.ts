import { fromNumbers, integerRange, isFloat, type Node, type Value } from "@millrace/ir";
import { averagePool2d, conv2d, insideCounts, maxPool2d, mul, pad } from "@millrace/ops";
import { edit, rewrite, sizesOf } from "@millrace/passes";
import { paddingName, windowOf } from "../padding.ts";

const none = [0, 0, 0, 0];

/** Attributes of a node that pads height and width of channel-last data with one number. */
function border([top, left, bottom, right]: readonly number[], value: number) {
  return { before: [0, top, left, 0], after: [0, bottom, right, 0], mode: "constant", value };
}

function isOdd(node: Node): boolean {
  return windowOf(node) !== undefined && paddingName(node) === undefined;
}

/**
 * The least real number a value's type can hold, which as padding never wins a maximum: the stored -128 of an int8 value,
 * the greatest negative number of f32.
 */
export function leastReal({ type: { dtype, quantization } }: Value): number {
  if (isFloat(dtype)) return -3.4028234663852886e38;
  const [least] = integerRange(dtype);
  return quantization ? (least - quantization.zeroPoint[0]) * quantization.scale[0] : least;
}

/** Padding that is neither SAME nor VALID becomes a node that pads with zeros. */
export const padConvolutions = rewrite("tflite-pad-convolutions", {
  roots: [conv2d],
  find: (node) => (isOdd(node) ? conv2d.attributesOf(node) : undefined),
  replace(attributes, node, graph) {
    const { step, finish } = edit(graph, node);
    const { x, weights, bias } = conv2d.inputsOf(node);
    const padded = step(pad, [x], border(attributes.padding, 0), x.type);
    finish(conv2d, [padded, weights, ...(bias ? [bias] : [])], { ...attributes, padding: none });
  },
});

/** The same for maxima: padded with the least number there is. */
export const padMaxima = rewrite("tflite-pad-maxima", {
  roots: [maxPool2d],
  find: (node) => (isOdd(node) ? maxPool2d.attributesOf(node) : undefined),
  replace(attributes, node, graph) {
    const { step, finish } = edit(graph, node);
    const { x } = maxPool2d.inputsOf(node);
    const padded = step(pad, [x], border(attributes.padding, leastReal(x)), x.type);
    finish(maxPool2d, [padded], { ...attributes, padding: none });
  },
});

/** Means that count padding get it as zeros; TFLite's own padding never counts. */
export const padCountingMeans = rewrite("tflite-pad-counting-means", {
  roots: [averagePool2d],
  find(node) {
    const attributes = averagePool2d.attributesOf(node);
    const padded = attributes.padding.some((count) => count > 0);
    return windowOf(node) && attributes.countPadding && padded ? attributes : undefined;
  },
  replace(attributes, node, graph) {
    const { step, finish } = edit(graph, node);
    const { x } = averagePool2d.inputsOf(node);
    const padded = step(pad, [x], border(attributes.padding, 0), x.type);
    finish(averagePool2d, [padded], { ...attributes, padding: none });
  },
});

/**
 * A float mean over what lies inside of uneven padding: the mean over the whole window of data padded with zeros, times window
 * size over number of elements inside. Windows of nothing but padding have no mean and are left alone.
 */
export const padMeans = rewrite("tflite-pad-means", {
  roots: [averagePool2d],
  find(node) {
    const attributes = averagePool2d.attributesOf(node);
    if (!isOdd(node) || attributes.countPadding || node.outputs[0].type.dtype !== "f32") return undefined;
    const [rows, columns] = countsInside(node);
    return rows.includes(0) || columns.includes(0) ? undefined : { attributes, rows, columns };
  },
  replace({ attributes, rows, columns }, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const { x } = averagePool2d.inputsOf(node);
    const padded = step(pad, [x], border(attributes.padding, 0), x.type);
    const whole = { ...attributes, padding: none, activation: "none" } as const;
    const mean = step(averagePool2d, [padded], whole, x.type);
    const area = attributes.kernel[0] * attributes.kernel[1];
    const factors = rows.flatMap((row) => columns.map((column) => area / (row * column)));
    const factor = constant("share", fromNumbers("f32", [1, rows.length, columns.length, 1], factors));
    finish(mul, [mean, factor], { activation: attributes.activation });
  },
});

/** How many elements of each window lie inside of the data, by row and by column of the result. */
function countsInside(node: Node): readonly (readonly number[])[] {
  const window = windowOf(node)!;
  const { padding } = averagePool2d.attributesOf(node);
  const [, ...results] = sizesOf(node.outputs[0]);
  return [0, 1].map((axis) =>
    insideCounts({
      size: window.size[axis],
      kernel: window.kernel[axis],
      stride: window.stride[axis],
      before: padding[axis],
      windows: results[axis],
    }),
  );
}
