import { isFloat, type Operator, type Value } from "@millrace/ir";
import {
  abs,
  add,
  argMax,
  argMin,
  cast,
  equal,
  exp,
  log,
  mean,
  mul,
  neg,
  reduceMax,
  reduceMin,
  reduceProd,
  reshape,
  select,
  slice,
  sqrt,
  sub,
  sum,
  topK,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { reducedLate } from "./computed-parameters.ts";
import { plain } from "./elementwise.ts";
import { converted, formulaOf } from "./formula.ts";
import { complementOf } from "./integers.ts";

type Step = (node: SourceNode, value: Value) => Value;

const unchanged: Step = (_, value) => value;
const squared: Step = (node, value) => node.compute(mul, [value, value], plain);

interface Fold {
  readonly x: Value;
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** What a node folds, and over which axes; undefined if it leaves its input as it is. `axesInput` is the opset that made the axes an input. */
function foldOf(node: SourceNode, axesInput: number): Fold | undefined {
  const x = node.input(0);
  const rank = x.type.shape.length;
  const keepDims = node.attributes.flag("keepdims", true);
  const leaveWithoutAxes = node.attributes.flag("noop_with_empty_axes", false);
  const given = node.list("axes", 1, axesInput) ?? [];
  if (given.length === 0 && leaveWithoutAxes) return undefined;
  const all = given.length === 0 ? [...x.type.shape.keys()] : given.map((axis) => node.axis(axis, rank));
  return { x, axes: [...new Set(all)].sort((a, b) => a - b), keepDims };
}

function reduction(op: Operator, axesInput = 18, before: Step = unchanged, after: Step = unchanged): Importer {
  return (node) => {
    if (node.opset >= axesInput && node.isComputed(1))
      return after(node, reducedLate(node, op, before(node, node.input(0))));
    const fold = foldOf(node, axesInput);
    if (!fold) return after(node, before(node, node.input(0)));
    const { x, ...attributes } = fold;
    return after(node, node.compute(op, [before(node, x)], attributes));
  };
}

/** Truth values are compared as numbers. */
function extremeOf(op: Operator): Importer {
  const isTruth = (node: SourceNode) => node.input(0).type.dtype === "bool";
  const widen: Step = (node, value) => (isTruth(node) ? converted(node, value, "i32") : value);
  const narrow: Step = (node, value) => (isTruth(node) ? converted(node, value, "bool") : value);
  return reduction(op, 18, widen, narrow);
}

/** log Σ exp(x), with the greatest x taken out of the sum so that it can't overflow; an infinite one stays in. */
function logOfSumOfExponentials(node: SourceNode): Value {
  const fold = foldOf(node, 18);
  if (!fold) return node.input(0);
  const of = formulaOf(node);
  const { x, axes, keepDims } = fold;
  const greatest = node.compute(reduceMax, [x], { axes, keepDims: true });
  const isInfinite = of(equal, of(abs, greatest), Number.POSITIVE_INFINITY);
  const offset = of(select, isInfinite, 0, greatest);
  const total = node.compute(sum, [of(exp, of(sub, x, offset))], { axes, keepDims: true });
  const result = of(add, of(log, total), offset);
  if (keepDims) return result;
  return node.compute(reshape, [result], { shape: result.type.shape.filter((_, axis) => !axes.includes(axis)) });
}

/** The last of equal elements is the first of those in reverse. */
function extreme(op: Operator): Importer {
  return (node) => {
    const { attributes } = node;
    const x = node.input(0);
    const { shape } = x.type;
    const axis = node.axis(attributes.integer("axis", 0), shape.length);
    const isLast = attributes.flag("select_last_index", false);
    const size = shape[axis];
    const settings = { axis, keepDims: attributes.flag("keepdims", true), to: "i64" };
    if (!isLast) return node.compute(op, [x], settings);
    if (typeof size === "string")
      return node.unsupported(
        `select_last_index is 1 and the size ${size} of the axis is open`,
        `Give the size of ${size}.`,
      );
    const reversed = node.compute(slice, [x], {
      starts: shape.map((_, at) => (at === axis ? size - 1 : 0)),
      sizes: shape,
      steps: shape.map((_, at) => (at === axis ? -1 : 1)),
    });
    return formulaOf(node)(sub, size - 1, node.compute(op, [reversed], settings));
  };
}

/** The k greatest or least elements; their indices are int64 in ONNX. The least are the greatest of numbers in the opposite order. */
function greatest(node: SourceNode): readonly Value[] {
  const { attributes } = node;
  const isGreatest = attributes.flag("largest", true);
  attributes.ignore("sorted");
  const x = node.input(0);
  const axis = node.axis(attributes.integer("axis", -1), x.type.shape.length);
  const [k] = node.opset < 10 ? [attributes.integer("k")] : node.numbers(1);
  const opposite = (value: Value) =>
    isFloat(value.type.dtype) ? node.compute(neg, [value], {}) : complementOf(node, value);
  const [values, indices] = node.computeAll(topK, [isGreatest ? x : opposite(x)], { k, axis });
  return [isGreatest ? values : opposite(values), node.compute(cast, [indices], { to: "i64" })];
}

/** Operators that fold axes or look along them. */
export const reductions: Readonly<Record<string, Importer>> = {
  ReduceMean: reduction(mean),
  ReduceSum: reduction(sum, 13),
  ReduceMax: extremeOf(reduceMax),
  ReduceMin: extremeOf(reduceMin),
  ReduceProd: reduction(reduceProd),
  ReduceL1: reduction(sum, 18, (node, value) => node.compute(abs, [value], {})),
  ReduceL2: reduction(sum, 18, squared, (node, value) => node.compute(sqrt, [value], {})),
  ReduceSumSquare: reduction(sum, 18, squared),
  ReduceLogSum: reduction(sum, 18, unchanged, (node, value) => node.compute(log, [value], {})),
  ReduceLogSumExp: logOfSumOfExponentials,
  ArgMax: extreme(argMax),
  ArgMin: extreme(argMin),
  TopK: greatest,
};
