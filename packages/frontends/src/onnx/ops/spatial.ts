import { type Dimension, divideDimensions, elementCount, type Shape, type Value } from "@millrace/ir";
import type { SourceNode } from "../source-node.ts";
import { reshaped } from "./weights.ts";

/** How a window slides along one spatial axis, in elements; `before` and `after` are the padding around the data. */
export interface Sliding {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

/** A window along each spatial axis, in order. */
export type Window = readonly Sliding[];

/** A window of one element that leaves an axis as it is. */
const still: Sliding = { kernel: 1, stride: 1, dilation: 1, before: 0, after: 0 };

/** Sizes of the data's spatial axes, those after batch and channels. */
export function spatialSizes(node: SourceNode): Shape {
  const shape = node.shape(0);
  if (shape.length < 3) node.invalid(`its data has ${shape.length} axes, and no spatial ones among them`);
  return shape.slice(2);
}

/** The sliding window that the attributes describe. `kernel` has one entry for each spatial axis of the data. */
export function windowOf(node: SourceNode, sizes: Shape, kernel: readonly number[]): Window {
  const { attributes } = node;
  const strides = perAxis(node, "strides", attributes.integers("strides"), kernel.length);
  const dilations = perAxis(node, "dilations", attributes.integers("dilations"), kernel.length);
  const pads = explicitPadding(node, kernel.length);
  const mode = autoPad(node);
  return kernel.map((size, axis): Sliding => {
    const step = { kernel: size, stride: strides[axis], dilation: dilations[axis] };
    if (mode === "VALID") return { ...step, before: 0, after: 0 };
    if (mode === "NOTSET") return { ...step, ...pads[axis] };
    return { ...step, ...samePadding(node, sizes[axis], step, mode) };
  });
}

export function autoPad(node: SourceNode): "NOTSET" | "VALID" | "SAME_UPPER" | "SAME_LOWER" {
  const mode = node.attributes.text("auto_pad", "NOTSET") || "NOTSET";
  if (mode === "NOTSET" || mode === "VALID" || mode === "SAME_UPPER" || mode === "SAME_LOWER") return mode;
  return node.unsupported(`auto_pad is ${mode}`, "Use NOTSET, VALID, SAME_UPPER or SAME_LOWER.");
}

/** The attribute pads by axis, zeros without it; its entries before come before those after. */
export function explicitPadding(node: SourceNode, rank: number): readonly Pick<Sliding, "before" | "after">[] {
  const pads = node.attributes.integers("pads") ?? [];
  if (pads.length !== 0 && pads.length !== 2 * rank) node.invalid(`pads has ${pads.length} entries for ${rank} axes`);
  if (pads.some((count) => count < 0)) node.unsupported("pads is negative", "Slice the data before this node instead.");
  return Array.from({ length: rank }, (_, axis) => ({ before: pads[axis] ?? 0, after: pads[axis + rank] ?? 0 }));
}

/** A list with one positive entry for each spatial axis; ones without it. */
export function perAxis(
  node: SourceNode,
  name: string,
  list: readonly number[] | undefined,
  rank: number,
): readonly number[] {
  if (list === undefined || list.length === 0) return new Array<number>(rank).fill(1);
  if (list.length !== rank) node.invalid(`${name} has ${list.length} entries for ${rank} axes`);
  if (list.some((entry) => entry < 1)) node.invalid(`${name} is [${list}]`);
  return list;
}

/** Elements of the data from the first to the last that a kernel touches. */
export function reach({ kernel, dilation }: Pick<Sliding, "kernel" | "dilation">): number {
  return (kernel - 1) * dilation + 1;
}

/** As much padding as gives ceil(size / stride) results; the odd element goes after the data for SAME_UPPER. */
function samePadding(
  node: SourceNode,
  size: Dimension,
  step: Pick<Sliding, "kernel" | "stride" | "dilation">,
  mode: "SAME_UPPER" | "SAME_LOWER",
): Pick<Sliding, "before" | "after"> {
  const total = Math.max(0, totalPadding(node, size, step.stride, reach(step)));
  const [half, rest] = [Math.floor(total / 2), Math.ceil(total / 2)];
  return mode === "SAME_UPPER" ? { before: half, after: rest } : { before: rest, after: half };
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

/** The attributes of an operator on images whose window slides along height and width. */
export function planar(window: readonly [Sliding, Sliding]) {
  const [rows, columns] = window;
  return {
    kernel: window.map(({ kernel }) => kernel),
    stride: window.map(({ stride }) => stride),
    dilation: window.map(({ dilation }) => dilation),
    padding: [rows.before, columns.before, rows.after, columns.after],
  };
}

/** A window with two axes; a single one of the source is the width of an image of height 1. */
export function planarWindow(window: Window): readonly [Sliding, Sliding] {
  return window.length === 1 ? [still, window[0]] : [window[0], window[1]];
}

/** Data or weights [a, b, width] as [a, b, 1, width]; those with two spatial axes as they are. */
export function asPlane(node: SourceNode, value: Value): Value {
  return value.type.shape.length === 3 ? reshaped(node, value, value.type.shape.toSpliced(2, 0, 1)) : value;
}

/** A result on planes as data with `rank` spatial axes. */
export function fromPlane(node: SourceNode, value: Value, rank: number): Value {
  return rank === 1 ? reshaped(node, value, value.type.shape.toSpliced(2, 1)) : value;
}

/**
 * Data with any number of spatial axes, folded along all of them by operators that see two: the last two axes at once, then
 * one axis at a time, with those before it as further channels and those behind it as the width.
 */
export function foldInPlanes(
  node: SourceNode,
  x: Value,
  window: Window,
  fold: (image: Value, window: readonly [Sliding, Sliding]) => Value,
): Value {
  if (window.length <= 2) return fromPlane(node, fold(asPlane(node, x), planarWindow(window)), window.length);
  const first = window.length - 2;
  let result = foldAt(node, x, first, 2, [window[first], window[first + 1]], fold);
  for (let axis = first - 1; axis >= 0; axis--) result = foldAt(node, result, axis, 1, [window[axis], still], fold);
  return result;
}

/** Folds `count` spatial axes from `axis` on; where that is one axis, those behind it stand for the width. */
function foldAt(
  node: SourceNode,
  x: Value,
  axis: number,
  count: 1 | 2,
  window: readonly [Sliding, Sliding],
  fold: (image: Value, window: readonly [Sliding, Sliding]) => Value,
): Value {
  const { shape } = x.type;
  const [lead, behind] = [shape.slice(0, axis + 2), shape.slice(axis + 3)];
  const view = [lead[0], elementCount(lead.slice(1)), shape[axis + 2], elementCount(behind)];
  const folded = fold(reshaped(node, x, view), window);
  const [, , height, width] = folded.type.shape;
  return reshaped(node, folded, [...lead, height, ...(count === 2 ? [width] : behind)]);
}
