import { addDimensions, type Dimension, divideDimensions, subtractDimensions, type Value } from "@millrace/ir";
import { concat, depthToSpace, slice, spaceToDepth, split } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { permuted } from "./weights.ts";

function transposition(node: SourceNode): Value {
  const rank = node.shape(0).length;
  const permutation = node.attributes.integers("perm") ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  return permuted(node, node.input(0), permutation);
}

function concatenation(node: SourceNode): Value {
  const values = node.all();
  const axis = node.axis(node.attributes.integer("axis"), values[0].type.shape.length);
  return values.length === 1 ? values[0] : node.compute(concat, values, { axis });
}

function splitting(node: SourceNode): readonly Value[] {
  const axis = node.axis(node.attributes.integer("axis", 0), node.shape(0).length);
  const sizes = node.list("split", 1, 13) ?? equalParts(node, node.shape(0)[axis]);
  if (sizes.length !== node.outputs.length)
    node.invalid(`it has ${node.outputs.length} results, and ${sizes.length} sizes`);
  return node.computeAll(split, [node.input(0)], { axis, sizes });
}

/** Parts of one size; the last one is smaller if need be. */
function equalParts(node: SourceNode, size: Dimension): readonly number[] {
  const parts = node.attributes.integer("num_outputs", node.outputs.length);
  if (typeof size === "string")
    return node.unsupported(`the size ${size} it divides is open`, `Give the size of ${size}.`);
  if (parts !== node.outputs.length) node.invalid(`num_outputs is ${parts}, and it has ${node.outputs.length} results`);
  const part = Math.ceil(size / parts);
  return Array.from({ length: parts }, (_, index) => Math.max(0, Math.min(part, size - index * part)));
}

/** Range of one axis: the first element read, how many, and the step. */
interface Range {
  readonly start: Dimension;
  readonly size: Dimension;
  readonly step: number;
}

function slicing(node: SourceNode): Value {
  const shape = node.shape(0);
  const isInput = node.opset >= 10;
  const starts = isInput ? node.sizes(1) : (node.attributes.integers("starts") ?? []);
  const ends = isInput ? node.sizes(2) : (node.attributes.integers("ends") ?? []);
  const axes = (node.list("axes", 3, 10) ?? [...starts.keys()]).map((axis) => node.axis(axis, shape.length));
  const steps = isInput && node.has(4) ? node.numbers(4) : starts.map(() => 1);
  if ([ends, axes, steps].some((list) => list.length !== starts.length))
    node.invalid("its starts, ends, axes and steps differ in length");
  if (new Set(axes).size < axes.length) node.invalid(`axes [${axes}] has an axis twice`);
  const ranges = shape.map((size, axis): Range => {
    const at = axes.indexOf(axis);
    return at < 0 ? { start: 0, size, step: 1 } : rangeOf(node, size, starts[at], ends[at], steps[at]);
  });
  if (ranges.every(({ start, size, step }, axis) => start === 0 && step === 1 && size === shape[axis]))
    return node.input(0);
  return node.compute(slice, [node.input(0)], {
    starts: ranges.map(({ start }) => start),
    sizes: ranges.map(({ size }) => size),
    steps: ranges.map(({ step }) => step),
  });
}

function rangeOf(node: SourceNode, size: Dimension, start: Dimension, end: Dimension, step: number): Range {
  if (step === 0) return node.invalid("a step is 0");
  const [low, high] = step > 0 ? [0, 0] : [-1, -1];
  const first = position(size, start, low, high);
  const last = position(size, end, low, high);
  const span = step > 0 ? subtractDimensions(last, first) : subtractDimensions(first, last);
  const count = divideDimensions(addDimensions(span, Math.abs(step) - 1), Math.abs(step));
  const isEmpty = typeof count === "number" && count <= 0;
  return { start: isEmpty ? 0 : first, size: isEmpty ? 0 : count, step };
}

/** Exporters write "to the end" as an index no axis has. */
const hugeIndex = 2 ** 24;

/** An index counted from the front and clamped from `low` to size + `high`; of an open size, small indices are taken to be inside. */
function position(size: Dimension, index: Dimension, low: number, high: number): Dimension {
  const fromFront = typeof index === "number" && index < 0 ? addDimensions(size, index) : index;
  if (typeof fromFront === "number" && typeof size === "number") return Math.max(low, Math.min(size + high, fromFront));
  if (typeof index === "number" && index > hugeIndex) return addDimensions(size, high);
  if (typeof index === "number" && index < -hugeIndex) return low;
  return fromFront;
}

function deepToWide(node: SourceNode): Value {
  const mode = node.attributes.text("mode", "DCR");
  const order =
    new Map([
      ["DCR", "depthFirst"],
      ["CRD", "columnFirst"],
    ]).get(mode) ?? node.unsupported(`mode is ${mode}`, "Use DCR or CRD.");
  const block = node.attributes.integer("blocksize");
  return node.compute(depthToSpace, [node.input(0)], { block, layout: "first", order });
}

function wideToDeep(node: SourceNode): Value {
  const block = node.attributes.integer("blocksize");
  return node.compute(spaceToDepth, [node.input(0)], { block, layout: "first", order: "depthFirst" });
}

/** Operators that pick and place elements. */
export const arrangements: Readonly<Record<string, Importer>> = {
  Transpose: transposition,
  Concat: concatenation,
  Split: splitting,
  Slice: slicing,
  DepthToSpace: deepToWide,
  SpaceToDepth: wideToDeep,
};
