import type { Operator, Value } from "@millrace/ir";
import {
  abs,
  argMax,
  argMin,
  cast,
  cumulativeSum,
  log,
  mean,
  mul,
  reduceMax,
  reduceMin,
  reduceProd,
  sqrt,
  sum,
  topK,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";

type Step = (node: SourceNode, value: Value) => Value;

const unchanged: Step = (_, value) => value;
const squared: Step = (node, value) => node.compute(mul, [value, value], plain);

/** `axesInput` is the opset that made the axes an input. */
function reduction(op: Operator, axesInput = 18, before: Step = unchanged, after: Step = unchanged): Importer {
  return (node) => {
    const x = before(node, node.input(0));
    const rank = x.type.shape.length;
    const keepDims = node.attributes.flag("keepdims", true);
    const leaveWithoutAxes = node.attributes.flag("noop_with_empty_axes", false);
    const given = node.list("axes", 1, axesInput) ?? [];
    if (given.length === 0 && leaveWithoutAxes) return after(node, x);
    const all = given.length === 0 ? [...x.type.shape.keys()] : given.map((axis) => node.axis(axis, rank));
    const axes = [...new Set(all)].sort((a, b) => a - b);
    return after(node, node.compute(op, [x], { axes, keepDims }));
  };
}

function extreme(op: Operator): Importer {
  return (node) => {
    const { attributes } = node;
    const axis = node.axis(attributes.integer("axis", 0), node.shape(0).length);
    if (attributes.flag("select_last_index", false))
      node.unsupported("select_last_index is 1", "Use 0: the first of equal elements is chosen.");
    return node.compute(op, [node.input(0)], { axis, keepDims: attributes.flag("keepdims", true), to: "i64" });
  };
}

/** The k greatest elements; their indices are int64 in ONNX. */
function greatest(node: SourceNode): readonly Value[] {
  const { attributes } = node;
  if (!attributes.flag("largest", true)) node.unsupported("largest is 0", "Negate the data and its result.");
  attributes.ignore("sorted");
  const x = node.input(0);
  const axis = node.axis(attributes.integer("axis", -1), x.type.shape.length);
  const [k] = node.opset < 10 ? [attributes.integer("k")] : node.numbers(1);
  const [values, indices] = node.computeAll(topK, [x], { k, axis });
  return [values, node.compute(cast, [indices], { to: "i64" })];
}

function runningSum(node: SourceNode): Value {
  const { attributes } = node;
  const axis = node.axis(node.numbers(1)[0], node.shape(0).length);
  const [exclusive, reverse] = [attributes.flag("exclusive", false), attributes.flag("reverse", false)];
  return node.compute(cumulativeSum, [node.input(0)], { axis, exclusive, reverse });
}

/** Operators that fold axes or look along them. */
export const reductions: Readonly<Record<string, Importer>> = {
  ReduceMean: reduction(mean),
  ReduceSum: reduction(sum, 13),
  ReduceMax: reduction(reduceMax),
  ReduceMin: reduction(reduceMin),
  ReduceProd: reduction(reduceProd),
  ReduceL1: reduction(sum, 18, (node, value) => node.compute(abs, [value], {})),
  ReduceL2: reduction(sum, 18, squared, (node, value) => node.compute(sqrt, [value], {})),
  ReduceSumSquare: reduction(sum, 18, squared),
  ReduceLogSum: reduction(sum, 18, unchanged, (node, value) => node.compute(log, [value], {})),
  ArgMax: extreme(argMax),
  ArgMin: extreme(argMin),
  TopK: greatest,
  CumSum: runningSum,
};
