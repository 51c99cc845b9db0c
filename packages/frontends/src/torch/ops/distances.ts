import { fromNumbers, type Value } from "@millrace/ir";
import { add, sub } from "@millrace/ops";
import { formulaOf } from "../../onnx/ops/formula.ts";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { norm } from "./reductions.ts";

/** Distances of every row of one matrix to every row of another; the axes before broadcast. */
function betweenRows(call: Call): Value {
  const { arguments: given } = call;
  const [a, b] = [call.realOf(given.tensor("x1")), call.realOf(given.tensor("x2"))];
  const [from, to] = [a.type.shape, b.type.shape];
  if (from.length < 2 || to.length < 2) return call.invalid(`its matrices have ${from.length} and ${to.length} axes`);
  const rows = reshaped(call.writer, a, from.toSpliced(-1, 0, 1));
  const columns = reshaped(call.writer, b, to.toSpliced(-2, 0, 1));
  const apart = formulaOf(call.writer)(sub, rows, columns);
  return norm(call, apart, given.real("p"), { axes: [apart.type.shape.length - 1], keepDims: false });
}

/** The distance of vectors along the last axis, eps added to every difference. */
export function distanceOf(call: Call, a: Value, b: Value, order: number, eps: number, keepDims = false): Value {
  const of = formulaOf(call.writer);
  const apart = of(add, of(sub, a, b), eps);
  return norm(call, apart, order, { axes: [apart.type.shape.length - 1], keepDims });
}

function pairedDistances(call: Call): Value {
  const { arguments: given } = call;
  const [a, b] = [call.realOf(given.tensor("x1")), call.realOf(given.tensor("x2"))];
  return distanceOf(call, a, b, given.real("p"), given.real("eps"), given.flag("keepdim"));
}

/** Distances of the rows of a matrix to each other, every pair once. */
function withinRows(call: Call): Value {
  const x = call.realOf(call.arguments.tensor("self"));
  const [rows] = x.type.shape;
  if (typeof rows === "string")
    return call.unsupported(`the number of rows ${rows} is open`, "Give the sizes of the model's inputs.");
  const count = call.count((rows * (rows - 1)) / 2);
  const [first, second] = [new Float64Array(count), new Float64Array(count)];
  for (let row = 0, at = 0; row < rows; row++)
    for (let other = row + 1; other < rows; other++, at++) [first[at], second[at]] = [row, other];
  const [a, b] = [first, second].map((places) =>
    call.onnx("Gather", [x, call.writer.constant(fromNumbers("i64", [count], places))], { axis: 0 }),
  );
  return norm(call, formulaOf(call.writer)(sub, a, b), call.arguments.real("p"), { axes: [1], keepDims: false });
}

/** Lengths of differences, by overload. */
export const distances: Readonly<Record<string, Handler>> = {
  "aten.cdist.default": betweenRows,
  "aten._cdist_forward.default": betweenRows,
  "aten.pdist.default": withinRows,
  "aten._pdist_forward.default": withinRows,
  "aten.pairwise_distance.default": pairedDistances,
};
