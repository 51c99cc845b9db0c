import { type Dimension, divideDimensions, type Shape, type Value } from "@millrace/ir";
import type { SourceNode } from "../source-node.ts";
import { reshaped } from "./weights.ts";

/** Image-like data with two spatial axes; a single one of the source is the width of an image of height 1. */
export interface Image {
  readonly x: Value;
  /** Spatial axes in the source: 1 or 2. */
  readonly rank: number;
  /** A result with two spatial axes as the source has it. */
  restore(result: Value): Value;
}

/** Kernel, stride and dilation as [height, width], padding as [top, left, bottom, right]. */
export interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
}

export function imageOf(node: SourceNode): Image {
  const x = node.input(0);
  const rank = x.type.shape.length - 2;
  if (rank !== 1 && rank !== 2)
    return node.unsupported(
      `its data has ${rank} spatial axes`,
      "Only one and two can be converted; reshape the data to that.",
    );
  if (rank === 2) return { x, rank, restore: (result) => result };
  return {
    x: withHeight(node, x),
    rank,
    restore: (result) => reshaped(node, result, result.type.shape.toSpliced(2, 1)),
  };
}

/** Data or weights [a, b, width] as [a, b, 1, width]. */
export function withHeight(node: SourceNode, value: Value): Value {
  return reshaped(node, value, value.type.shape.toSpliced(2, 0, 1));
}

/** The sliding window that the attributes describe, over data of the 4-axis `shape`. `kernel` is as the source has it. */
export function windowOf(node: SourceNode, shape: Shape, kernel: readonly number[]): Window {
  const { attributes } = node;
  const rank = kernel.length;
  const lists = {
    kernel: pair(node, "kernel_shape", kernel, rank),
    stride: pair(node, "strides", attributes.integers("strides"), rank),
    dilation: pair(node, "dilations", attributes.integers("dilations"), rank),
  };
  const pads = attributes.integers("pads");
  const mode = autoPad(node);
  if (mode === "VALID") return { ...lists, padding: [0, 0, 0, 0] };
  if (mode === "NOTSET") return { ...lists, padding: explicitPadding(node, pads, rank) };
  return { ...lists, padding: samePadding(node, shape, lists, mode) };
}

export function autoPad(node: SourceNode): "NOTSET" | "VALID" | "SAME_UPPER" | "SAME_LOWER" {
  const mode = node.attributes.text("auto_pad", "NOTSET") || "NOTSET";
  if (mode === "NOTSET" || mode === "VALID" || mode === "SAME_UPPER" || mode === "SAME_LOWER") return mode;
  return node.unsupported(`auto_pad is ${mode}`, "Use NOTSET, VALID, SAME_UPPER or SAME_LOWER.");
}

/** [0, 0, 0, 0] or the attribute pads, whose entries before come before those after. */
export function explicitPadding(
  node: SourceNode,
  pads: readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (pads === undefined || pads.length === 0) return [0, 0, 0, 0];
  if (pads.length !== 2 * rank) node.invalid(`pads has ${pads.length} entries for ${rank} axes`);
  if (pads.some((count) => count < 0)) node.unsupported("pads is negative", "Slice the data before this node instead.");
  return rank === 2 ? pads : [0, pads[0], 0, pads[1]];
}

/** A list with one entry for each spatial axis as [height, width]; ones without it. */
export function pair(
  node: SourceNode,
  name: string,
  list: readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (list === undefined || list.length === 0) return [1, 1];
  if (list.length !== rank) node.invalid(`${name} has ${list.length} entries for ${rank} axes`);
  return rank === 2 ? list : [1, list[0]];
}

/** Elements of the data from the first to the last that a kernel touches. */
export function reach({ kernel, dilation }: Pick<Window, "kernel" | "dilation">, axis: number): number {
  return (kernel[axis] - 1) * dilation[axis] + 1;
}

/** As much padding as gives ceil(size / stride) results; the odd element goes after the data for SAME_UPPER. */
function samePadding(
  node: SourceNode,
  shape: Shape,
  window: Omit<Window, "padding">,
  mode: "SAME_UPPER" | "SAME_LOWER",
): readonly number[] {
  const ends = [0, 1].map((axis) => {
    const total = Math.max(0, totalPadding(node, shape[axis + 2], window.stride[axis], reach(window, axis)));
    const half = Math.floor(total / 2);
    return mode === "SAME_UPPER" ? [half, total - half] : [total - half, half];
  });
  return [ends[0][0], ends[1][0], ends[0][1], ends[1][1]];
}

function totalPadding(node: SourceNode, size: Dimension, stride: number, reach: number): number {
  if (stride === 1) return reach - 1;
  if (typeof size === "number")
    return ((divideDimensions(size + stride - 1, stride) as number) - 1) * stride + reach - size;
  return node.unsupported(
    `auto_pad depends on the size ${size}`,
    `Give the size of ${size}, or export the model with explicit padding.`,
  );
}
