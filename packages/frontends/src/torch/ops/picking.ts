import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import { concat } from "@millrace/ops";
import { reshaped, sliced } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { overloads } from "./overloads.ts";
import { expanded, permuted } from "./shapes.ts";

/** Indices of some axes, by axis; truth values stand for the places where they are true. */
export function indicesOf(call: Call): readonly (Value | undefined)[] {
  return call.arguments.optionalTensors("indices").flatMap((index) => {
    if (index === undefined || index.type.dtype !== "bool") return [index];
    const rank = index.type.shape.length;
    const places = call.onnx("NonZero", [index]);
    return Array.from({ length: rank }, (_, axis) => {
      const row = call.onnx("Gather", [places, call.writer.scalar(axis, "i64")], { axis: 0 });
      return reshaped(call.writer, row, [places.type.shape[1]]);
    });
  });
}

interface Picks {
  /** The axes that indices are for, brought to the front. */
  readonly axes: readonly number[];
  /** Rows that name places along those axes [..., axes]. */
  readonly rows: Value;
  /** Whether the axes stand side by side, so that the result keeps their place. */
  readonly first: number;
}

/** Indices broadcast against each other as rows of places. */
export function picksOf(call: Call, indices: readonly (Value | undefined)[]): Picks {
  const axes = indices.flatMap((index, axis) => (index ? [axis] : []));
  if (axes.length === 0) return call.invalid("it has no indices");
  const given = indices.filter((index) => index !== undefined).map((index) => call.converted(index, "i64"));
  const shape = given.map(({ type }) => type.shape).reduce((a, b) => broadcast(call, a, b));
  const columns = given.map((index) => reshaped(call.writer, expanded(call, index, shape), [...shape, 1]));
  const rows = columns.length === 1 ? columns[0] : call.compute(concat, columns, { axis: shape.length });
  const isTogether = axes.every((axis, at) => at === 0 || axis === axes[at - 1] + 1);
  return { axes, rows, first: isTogether ? axes[0] : 0 };
}

function broadcast(call: Call, a: Value["type"]["shape"], b: Value["type"]["shape"]): Value["type"]["shape"] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, at) => {
    const [left, right] = [a[at - rank + a.length] ?? 1, b[at - rank + b.length] ?? 1];
    if (left === 1) return right;
    return right === 1 || left === right ? left : call.invalid(`its indices [${a}] and [${b}] do not go together`);
  });
}

/** x[i, :, j, …] with tensors as indices. */
function indexing(call: Call): Value {
  const x = call.arguments.tensor("self");
  const indices = indicesOf(call);
  const present = indices.filter((index) => index !== undefined);
  if (present.length === 0) return x;
  if (present.length === 1) return call.onnx("Gather", [x, present[0]], { axis: indices.indexOf(present[0]) });
  if (isGrid(indices)) return pickedInTurn(call, x, indices);
  const { axes, rows, first } = picksOf(call, indices);
  const picked = call.onnx("GatherND", [permuted(call, x, withFirst(x, axes)), rows]);
  return backInPlace(call, picked, rows.type.shape.length - 1, first);
}

/** Whether indices of axes side by side pick rows, columns and so on independently: each varies along the axis that is its own, or along none. */
function isGrid(indices: readonly (Value | undefined)[]): boolean {
  const first = indices.findIndex((index) => index !== undefined);
  const given = indices.slice(first, indices.findLastIndex((index) => index !== undefined) + 1);
  return given.every((index, at) => {
    if (index === undefined) return false;
    const offset = given.length - index.type.shape.length;
    return offset >= 0 && index.type.shape.every((size, axis) => size === 1 || axis + offset === at);
  });
}

function pickedInTurn(call: Call, x: Value, indices: readonly (Value | undefined)[]): Value {
  return indices.reduce<Value>((picked, index, axis) => {
    if (index === undefined) return picked;
    const line = reshaped(call.writer, index, [elementCount(index.type.shape)]);
    return call.onnx("Gather", [picked, line], { axis });
  }, x);
}

/** The order of axes in which some come first. */
export function withFirst({ type }: Value, axes: readonly number[]): readonly number[] {
  return [...axes, ...[...type.shape.keys()].filter((axis) => !axes.includes(axis))];
}

/** The first `count` axes of the result moved to where the indexed ones were. */
function backInPlace(call: Call, value: Value, count: number, first: number): Value {
  const axes = [...value.type.shape.keys()];
  return permuted(call, value, [
    ...axes.slice(count, count + first),
    ...axes.slice(0, count),
    ...axes.slice(count + first),
  ]);
}

export function axisOf(call: Call, x: Value): number {
  return call.axis(call.arguments.integer("dim"), x.type.shape.length);
}

function selectingIndices(call: Call): Value {
  const [x, index] = [call.arguments.tensor("self"), call.arguments.tensor("index")];
  const vector = index.type.shape.length === 0 ? reshaped(call.writer, index, [1]) : index;
  return call.onnx("Gather", [x, vector], { axis: axisOf(call, x) });
}

/** y[i, …] = x[index[i, …], …] along an axis; indices may cover less of the other axes than the data. */
function gathering(call: Call): Value {
  const [x, index] = [call.arguments.tensor("self"), call.arguments.tensor("index")];
  return call.onnx("GatherElements", [x, index], { axis: axisOf(call, x) });
}

/** Data and indices that broadcast against each other along all axes but the one looked along; without one, both as one line. */
function takingAlong(call: Call): Value {
  const { arguments: given, writer } = call;
  const [x, index] = [given.tensor("self"), given.tensor("indices")];
  if (!given.has("dim")) {
    const [line, places] = [x, index].map((value) => reshaped(writer, value, [elementCount(value.type.shape)]));
    return call.onnx("GatherElements", [line, places], { axis: 0 });
  }
  const axis = axisOf(call, x);
  const [own, wanted] = [x.type.shape, index.type.shape];
  if (own.length !== wanted.length) return call.invalid(`its indices have ${wanted.length} axes, not ${own.length}`);
  const shape = broadcast(call, own.with(axis, 1), wanted.with(axis, 1));
  const [data, places] = [x, index].map((value) => expanded(call, value, shape.with(axis, value.type.shape[axis])));
  return call.onnx("GatherElements", [data, places], { axis });
}

/** Places of what is not 0, a row for each; that of a number alone takes no indices. */
function places(call: Call): Value {
  const x = call.arguments.tensor("self");
  const rows = permuted(call, call.onnx("NonZero", [x]), [1, 0]);
  return x.type.shape.length === 0 ? sliced(call.writer, rows, 1, 0, 0) : rows;
}

function triangle(upper: 0 | 1): Handler {
  return (call) => {
    const diagonal = call.writer.scalar(call.arguments.integer("diagonal"), "i64");
    return call.onnx("Trilu", [call.arguments.tensor("self"), diagonal], { upper });
  };
}

/** The elements where a mask is true, in order. */
function maskedSelection(call: Call): Value {
  const mask = call.arguments.tensor("mask");
  const own = call.arguments.tensor("self");
  const shape = broadcast(call, own.type.shape, mask.type.shape);
  const [x, chosen] = [own, mask].map((value) => {
    const whole = expanded(call, value, shape);
    return reshaped(call.writer, whole, [elementCount(shape)]);
  });
  return call.onnx("Compress", [x, chosen], { axis: 0 });
}

/** Elements by their places in the data as one line. */
function taken(call: Call): Value {
  const x = call.arguments.tensor("self");
  const line = reshaped(call.writer, x, [elementCount(x.type.shape)]);
  return call.onnx("Gather", [line, call.arguments.tensor("index")], { axis: 0 });
}

/** Windows of an axis, whose elements become a new last axis. */
function windows(call: Call): Value {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const axis = call.axis(given.integer("dimension"), x.type.shape.length);
  const [length, step, size] = [given.integer("size"), given.integer("step"), x.type.shape[axis]];
  if (typeof size !== "number")
    return call.unsupported(`the size ${size} of its axis is open`, "Give the sizes of the model's inputs.");
  const count = Math.floor((size - length) / step) + 1;
  if (!(count > 0 && length > 0 && step > 0)) return call.invalid(`windows of ${length} do not fit an axis of ${size}`);
  call.count(count * length);
  const numbers = Array.from({ length: count * length }, (_, at) => Math.floor(at / length) * step + (at % length));
  const picked = call.onnx("Gather", [x, call.writer.constant(fromNumbers("i64", [count, length], numbers))], { axis });
  const axes = [...picked.type.shape.keys()];
  return permuted(call, picked, [...axes.filter((at) => at !== axis + 1), axis + 1]);
}

function oneHot(call: Call): Value {
  const count = call.arguments.integer("num_classes");
  if (count < 1) call.unsupported("it counts its classes itself", "Give num_classes.");
  const values = call.writer.constant(fromNumbers("i64", [2], [0, 1]));
  return call.onnx("OneHot", [call.arguments.tensor("self"), call.integers([count]), values], { axis: -1 });
}

/** Tensors of one axis along axes of their own. */
function meshes(call: Call): readonly Value[] {
  const { arguments: given } = call;
  const tensors = given.someTensors("tensors");
  const isTurned = given.given("indexing") && given.text("indexing") === "xy" && tensors.length > 1;
  const order = isTurned ? [1, 0, ...tensors.keys()].slice(0, tensors.length) : [...tensors.keys()];
  if (isTurned) for (let axis = 2; axis < tensors.length; axis++) order[axis] = axis;
  const sizes = tensors.map(({ type }) => elementCount(type.shape));
  const shape = order.map((at) => sizes[at]);
  return tensors.map((tensor, index) => {
    const own = shape.map((size, axis) => (order[axis] === index ? size : 1));
    return expanded(call, reshaped(call.writer, tensor, own), shape);
  });
}

/** Operators that pick or place elements by indices, by overload. */
export const picking: Readonly<Record<string, Handler>> = {
  "aten.index.Tensor": indexing,
  "aten._unsafe_index.Tensor": indexing,
  "aten.index_select.default": selectingIndices,
  "aten.gather.default": gathering,
  "aten.take_along_dim.default": takingAlong,
  "aten.masked_select.default": maskedSelection,
  "aten.take.default": taken,
  "aten.nonzero.default": places,
  "aten.argwhere.default": places,
  "aten.tril.default": triangle(0),
  "aten.triu.default": triangle(1),
  "aten.unfold.default": windows,
  "aten.unfold_copy.default": windows,
  "aten.one_hot.default": oneHot,
  ...overloads("aten.meshgrid", ["default", "indexing"], meshes),
};
