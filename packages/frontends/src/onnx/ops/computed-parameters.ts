import { type Operator, scalarOf, type Value } from "@millrace/ir";
import {
  add,
  cast,
  concat,
  dynamicCumulativeSum,
  dynamicMean,
  dynamicPad,
  dynamicReduceMax,
  dynamicReduceMin,
  dynamicReduceProd,
  dynamicSlice,
  dynamicSum,
  gather,
  maximum,
  mean,
  minimum,
  mul,
  reduceMax,
  reduceMin,
  reduceProd,
  reshape,
  sum,
  transpose,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { reshaped } from "./weights.ts";

/** What a parameter must have been for the node to have the result that the model states. */
type Inference = (node: SourceNode, stated: readonly number[]) => readonly number[] | undefined;

const statedSizes: Inference = (_, stated) => stated;

/** Parameters, by input, that only decide the sizes of the result. */
const inferences: Readonly<Record<string, Readonly<Record<number, Inference>>>> = {
  Reshape: { 1: statedSizes },
  Expand: { 1: statedSizes },
  ConstantOfShape: { 0: statedSizes },
  Tile: { 1: (node, stated) => ratios(node.shape(0) as readonly number[], stated) },
  TopK: { 1: (node, stated) => [stated.at(node.attributes.integer("axis", -1)) ?? 0] },
  Split: {
    1: (node) => node.outputs.map((_, at) => node.statedShape(at)?.at(node.attributes.integer("axis", 0)) ?? -1),
  },
  Resize: {
    3: (node, stated) =>
      node.attributes.text("keep_aspect_ratio_policy", "stretch") === "stretch" ? sizesOf(node, stated) : undefined,
  },
};

function ratios(shape: readonly number[], stated: readonly number[]): readonly number[] | undefined {
  const counts = stated.map((size, axis) => size / shape[axis]);
  return counts.every(Number.isInteger) ? counts : undefined;
}

function sizesOf(node: SourceNode, stated: readonly number[]): readonly number[] {
  const axes = node.attributes.integers("axes");
  return axes ? axes.map((axis) => stated.at(axis) ?? 0) : stated;
}

/** How operators are imported whose parameters are computed while the model runs. */
const lateForms: Readonly<Record<string, { readonly parameters: readonly number[]; readonly importer: Importer }>> = {
  Squeeze: { parameters: [1], importer: (node) => reshaped(node, node.input(0), statedOf(node)) },
  Unsqueeze: { parameters: [1], importer: (node) => reshaped(node, node.input(0), statedOf(node)) },
  Range: { parameters: [0, 1, 2], importer: counting },
  CumSum: { parameters: [1], importer: summing },
  Pad: { parameters: [1], importer: padding },
  Slice: { parameters: [1, 2, 4], importer: slicing },
};

/** The importers, each with a way to deal with parameters that depend on data where there is one. */
export function withComputedParameters(
  importers: Readonly<Record<string, Importer>>,
): Readonly<Record<string, Importer>> {
  return Object.fromEntries(Object.entries(importers).map(([type, importer]) => [type, lateOr(type, importer)]));
}

function lateOr(type: string, importer: Importer): Importer {
  const late = Object.hasOwn(lateForms, type) ? lateForms[type] : undefined;
  const inferred = Object.entries((Object.hasOwn(inferences, type) && inferences[type]) || {});
  if (late === undefined && inferred.length === 0) return importer;
  return (node) => {
    if (late?.parameters.some((index) => node.isComputed(index))) return late.importer(node);
    const stated = node.statedShape();
    for (const [index, inference] of inferred) {
      const numbers = stated && node.isComputed(Number(index)) ? inference(node, stated) : undefined;
      if (numbers?.every((number) => number >= 0)) node.settle(Number(index), numbers);
    }
    return importer(node);
  };
}

function statedOf(node: SourceNode): readonly number[] {
  return (
    node.statedShape() ??
    node.unsupported(
      "a parameter is computed while the model runs, and the model does not state the shape of the result",
      "Run shape inference on the model, or give the parameter's value.",
    )
  );
}

/** Adds a node of an operator with parameters, which become int32; the target's integers saturate. */
function late(
  node: SourceNode,
  op: Operator,
  x: Value,
  parameters: readonly Value[],
  known: Readonly<Record<string, number | boolean | string>>,
): Value {
  return node.emit(op, [x, ...parameters.map((value) => narrowed(node, value))], { ...known, shape: statedOf(node) });
}

function narrowed(node: SourceNode, value: Value): Value {
  if (value.type.dtype !== "i64") return value;
  const limits = [node.scalar(2 ** 31 - 1, "i64"), node.scalar(-(2 ** 31), "i64")];
  const capped = node.compute(maximum, [node.compute(minimum, [value, limits[0]], {}), limits[1]], {});
  return node.compute(cast, [capped], { to: "i32" });
}

const lateReductions: ReadonlyMap<Operator, Operator> = new Map<Operator, Operator>([
  [mean, dynamicMean],
  [sum, dynamicSum],
  [reduceMax, dynamicReduceMax],
  [reduceMin, dynamicReduceMin],
  [reduceProd, dynamicReduceProd],
]);

/** A reduction along axes that are computed, of which there is at least one. */
export function reducedLate(node: SourceNode, op: Operator, x: Value): Value {
  const keepDims = node.attributes.flag("keepdims", true);
  node.attributes.ignore("noop_with_empty_axes");
  const dynamic = lateReductions.get(op);
  if (dynamic === undefined)
    return node.unsupported("its axes are computed while the model runs", "Use constant axes.");
  return late(node, dynamic, x, [node.input(1)], { keepDims });
}

function summing(node: SourceNode): Value {
  const [exclusive, reverse] = [node.attributes.flag("exclusive", false), node.attributes.flag("reverse", false)];
  return late(node, dynamicCumulativeSum, node.input(0), [node.input(1)], { exclusive, reverse });
}

/** start + step * [0, 1, …]; the count is the stated one. */
function counting(node: SourceNode): Value {
  const [count] = statedOf(node);
  const [start, , step] = [0, 1, 2].map((index) => node.input(index));
  node.reserve(8 * count);
  const places = node.constant({
    dtype: "i32",
    shape: [count],
    data: Int32Array.from({ length: count }, (_, index) => index),
  });
  const { dtype } = start.type;
  const steps = dtype === "i32" ? places : node.compute(cast, [places], { to: dtype });
  return node.compute(add, [node.compute(mul, [steps, step], plain), start], plain);
}

/** ONNX lists all counts before, then all behind; the operator has them by axis. */
function padding(node: SourceNode): Value {
  const { attributes } = node;
  const rank = node.shape(0).length;
  if (node.has(3)) node.unsupported("its pads are computed for some axes only", "Give pads for all axes.");
  const mode = attributes.text("mode", "constant");
  if (mode !== "constant" && mode !== "reflect") node.unsupported(`mode is ${mode}`, "Use constant or reflect.");
  const value = node.has(2) ? scalarOf(node.tensor(2)) : 0;
  const rows = node.compute(reshape, [node.input(1)], { shape: [2, rank] });
  const counts = node.compute(transpose, [rows], { permutation: [1, 0] });
  return late(node, dynamicPad, node.input(0), [counts], { mode, value });
}

/** Bounds of the axes that are named, between those of the axes read whole. */
function slicing(node: SourceNode): Value {
  const rank = node.shape(0).length;
  const axes = (node.has(3) ? node.numbers(3) : [...node.shape(1).keys()]).map((axis) => node.axis(axis, rank));
  const whole = [0, 2 ** 31 - 1, 1];
  const steps = node.has(4) ? node.input(4) : undefined;
  const parameters = [node.input(1), node.input(2), steps].map((value, at) => spread(node, value, axes, whole[at]));
  return late(node, dynamicSlice, node.input(0), parameters, {});
}

/** A vector with an entry for each axis: `value`'s for those in `axes`, `fallback` for the others. */
function spread(node: SourceNode, value: Value | undefined, axes: readonly number[], fallback: number): Value {
  const rank = node.shape(0).length;
  const dtype = value?.type.dtype ?? "i64";
  const filler = (count: number) =>
    node.constant({ dtype: "i32", shape: [count], data: new Int32Array(count).fill(fallback) });
  if (value === undefined) return filler(rank);
  const known = node.compute(cast, [filler(1)], { to: dtype });
  const pool = node.compute(concat, [value, known], { axis: 0 });
  const order = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? axes.indexOf(axis) : axes.length));
  return node.compute(gather, [pool, node.constant({ dtype: "i32", shape: [rank], data: Int32Array.from(order) })], {
    axis: 0,
  });
}
