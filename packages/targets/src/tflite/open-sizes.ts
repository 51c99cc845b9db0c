import {
  bindDimension,
  type Dimension,
  isStatic,
  type Node,
  type Shape,
  subtractDimensions,
  symbolsOf,
  type Value,
} from "@millrace/ir";
import * as ops from "@millrace/ops";
import type { Constraint } from "./constraints.ts";
import { windowOf } from "./padding.ts";

/** A shape with the sizes that a resized input changes: as the file's tensors have it when every open size is 1. */
export function smallestShape(shape: Shape): readonly number[] {
  if (isStatic(shape)) return shape;
  const ones = new Map(shape.flatMap(symbolsOf).map((name) => [name, 1]));
  return shape.map((size) => bindDimension(size, ones) as number);
}

/** A shape as TFLite's operands spell it, where -1 is a size that follows from the data. */
export function spelledShape(shape: Shape): readonly number[] {
  return shape.map((size) => (typeof size === "number" ? size : -1));
}

const isOpen = (size: Dimension) => typeof size === "string";
const isKnown = (value: Value | undefined) => value === undefined || isStatic(value.type.shape);

/** What a file keeps for an operator's own use has the size it was made with. */
const fixed = [
  ops.lstm,
  ops.svdf,
  ops.ifOperator,
  ops.whileOperator,
  ops.scan,
  ops.detectionPostprocess,
  ...Object.values(ops.signalOperators),
];

const hint = "Give the open dimensions a size, as in --dim NAME=1.";

/** What must hold of nodes whose data have sizes left open, so that a runtime can resize them. */
export const openSizeConstraints: readonly Constraint[] = [
  {
    sentence: "a size left open is one of at least 1 wherever it goes",
    hint,
    holds: ({ outputs }) =>
      outputs.every(({ type: { shape } }) => isStatic(shape) || smallestShape(shape).every((size) => size >= 1)),
  },
  {
    operators: fixed,
    sentence: "every size is known of what an operator keeps, and of what it hands to a subgraph",
    hint,
    holds: ({ inputs, outputs }) => [...inputs, ...outputs].every(isKnown),
  },
  {
    operators: [ops.conv2d, ops.averagePool2d, ops.l2Pool2d, ops.maxPool2d],
    sentence: "height and width are known",
    hint,
    holds: (node) => node.attributes["layout"] !== "last" || windowOf(node) !== undefined,
  },
  {
    operators: [ops.transposeConv2d, ops.scatterNd],
    sentence: "the shape of its result is a constant, so that no size in it is open",
    hint,
    holds: ({ outputs: [{ type }] }) => isStatic(type.shape),
  },
  {
    operators: [ops.reshape],
    sentence: "the new shape has one open size at most",
    hint,
    holds: (node) => ops.reshape.attributesOf(node).shape.filter(isOpen).length <= 1,
  },
  {
    operators: [ops.expand],
    sentence: "no axis is repeated so many times as a size that is open",
    hint,
    holds: (node) => isStatic(node.outputs[0].type.shape) || repeatsOf(node) !== undefined,
  },
  {
    operators: [ops.slice],
    sentence: "the elements taken of an axis of open size are those from a known one to the last",
    hint,
    holds: endsAreOpen,
  },
];

/** How many times a node that expands its data repeats each of their axes; undefined if it adds axes, or if a count is open. */
export function repeatsOf(node: Node): readonly number[] | undefined {
  const { shape } = ops.expand.attributesOf(node);
  const from = node.inputs[0]!.type.shape;
  if (from.length !== shape.length) return undefined;
  const repeats = shape.map((size, axis) => (size === from[axis] ? 1 : size));
  return isStatic(repeats) ? repeats : undefined;
}

function endsAreOpen(node: Node): boolean {
  const { starts, sizes, steps } = ops.slice.attributesOf(node);
  const from = node.inputs[0]!.type.shape;
  return sizes.every((size, axis) => {
    if (isOpen(starts[axis])) return false;
    return !isOpen(size) || (steps[axis] === 1 && size === subtractDimensions(from[axis], starts[axis]));
  });
}
