import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import { concat, sum } from "@millrace/ops";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { expanded, permuted } from "./shapes.ts";

/** The elements on a diagonal of two axes, as a new last axis. */
function diagonalOf(call: Call, x: Value, offset: number, row: number, column: number): Value {
  const [rows, columns] = [x.type.shape[row], x.type.shape[column]];
  if (typeof rows !== "number" || typeof columns !== "number")
    return call.unsupported(
      `the size [${rows}, ${columns}] of its axes is open`,
      "Give the sizes of the model's inputs.",
    );
  const start = { row: Math.max(0, -offset), column: Math.max(0, offset) };
  const count = Math.max(0, Math.min(rows - start.row, columns - start.column));
  call.count(count);
  const numbers = Array.from({ length: count }, (_, at) => (start.row + at) * columns + start.column + at);
  const others = [...x.type.shape.keys()].filter((axis) => axis !== row && axis !== column);
  const turned = permuted(call, x, [...others, row, column]);
  const flat = reshaped(call.writer, turned, [...others.map((axis) => x.type.shape[axis]), rows * columns]);
  const index = call.writer.constant(fromNumbers("i64", [count], numbers));
  return call.onnx("Gather", [flat, index], { axis: others.length });
}

function diagonal(call: Call): Value {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const [row, column] = ["dim1", "dim2"].map((name) => call.axis(given.integer(name), x.type.shape.length));
  return diagonalOf(call, x, given.integer("offset"), row, column);
}

/** Matrices of zeros that have the last axis of `x` on a diagonal, as two new last axes. */
function matricesOf(call: Call, x: Value, offset: number): Value {
  const { shape, dtype } = x.type;
  const count = shape.at(-1);
  if (typeof count !== "number")
    return call.unsupported(`the size ${count} of its last axis is open`, "Give the sizes of the model's inputs.");
  const size = count + Math.abs(offset);
  const places = new Float64Array(call.count(size * size)).fill(count);
  const start = { row: Math.max(0, -offset), column: Math.max(0, offset) };
  for (let at = 0; at < count; at++) places[(start.row + at) * size + start.column + at] = at;
  const zero = expanded(call, call.writer.scalar(0, dtype), shape.with(-1, 1));
  const padded = call.compute(concat, [x, zero], { axis: shape.length - 1 });
  const index = call.writer.constant(fromNumbers("i64", [size, size], places));
  return call.onnx("Gather", [padded, index], { axis: shape.length - 1 });
}

function embeddedDiagonal(call: Call): Value {
  const { arguments: given } = call;
  const matrices = matricesOf(call, given.tensor("self"), given.integer("offset"));
  const rank = matrices.type.shape.length;
  const [row, column] = ["dim1", "dim2"].map((name) => call.axis(given.integer(name), rank));
  if (row === column) return call.invalid(`its axes for rows and columns are both ${row}`);
  const others = Array.from({ length: rank - 2 }, (_, axis) => axis).values();
  const order = Array.from({ length: rank }, (_, axis) => {
    if (axis === row) return rank - 2;
    return axis === column ? rank - 1 : others.next().value!;
  });
  return permuted(call, matrices, order);
}

/** A vector as the diagonal of a matrix, and of a matrix its diagonal. */
function vectorOrMatrix(call: Call): Value {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const offset = given.integer("diagonal");
  return x.type.shape.length === 1 ? matricesOf(call, x, offset) : diagonalOf(call, x, offset, 0, 1);
}

/** The sum of a matrix's diagonal. */
function trace(call: Call): Value {
  const x = call.arguments.tensor("self");
  const numbers = diagonalOf(call, call.converted(x, x.type.dtype === "f32" ? "f32" : "i64"), 0, 0, 1);
  return call.compute(sum, [numbers], { axes: [0], keepDims: false });
}

/** Operators that read diagonals of matrices or write them, by overload. */
export const diagonals: Readonly<Record<string, Handler>> = {
  "aten.diagonal.default": diagonal,
  "aten.diagonal_copy.default": diagonal,
  "aten.diag_embed.default": embeddedDiagonal,
  "aten.diag.default": vectorOrMatrix,
  "aten.diagflat.default": (call) => {
    const x = call.arguments.tensor("self");
    const line = reshaped(call.writer, x, [elementCount(x.type.shape)]);
    return matricesOf(call, line, call.arguments.integer("offset"));
  },
  "aten.trace.default": trace,
};
