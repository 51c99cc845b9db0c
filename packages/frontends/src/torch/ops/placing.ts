import { broadcastShapes, elementCount, integerRange, isFloat, isStatic, type Value } from "@millrace/ir";
import { add, div, maximum, mul } from "@millrace/ops";
import { formulaOf } from "../../onnx/ops/formula.ts";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { alongAxis, asLine } from "./ordering.ts";
import { overloads } from "./overloads.ts";
import { indicesOf, picksOf, withFirst } from "./picking.ts";
import { expanded, permuted } from "./shapes.ts";

/** x with values at x[i, :, j, …], or with them added. */
function indexPutting(call: Call): Value {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const values = call.converted(given.tensor("values"), x.type.dtype);
  const [mask, ...others] = given.optionalTensors("indices");
  const isAdded = given.flag("accumulate");
  if (mask?.type.dtype === "bool" && others.length === 0) return atMask(call, x, mask, values);
  const { axes, rows, first } = picksOf(call, indicesOf(call));
  const order = withFirst(x, axes);
  const lead = rows.type.shape.slice(0, -1);
  const rest = order.slice(axes.length).map((axis) => x.type.shape[axis]);
  const target = [...rest.slice(0, first), ...lead, ...rest.slice(first)];
  const updates = expanded(call, values, target);
  const between = [...target.keys()];
  const leading = permuted(call, updates, [
    ...between.slice(first, first + lead.length),
    ...between.slice(0, first),
    ...between.slice(first + lead.length),
  ]);
  const reduction = isAdded ? "add" : "none";
  const result = call.onnx("ScatterND", [permuted(call, x, order), rows, leading], { reduction });
  return permuted(
    call,
    result,
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** Values put or added wherever a mask of leading axes is true: a slice for each place in order, or one for all. */
function atMask(call: Call, x: Value, mask: Value, values: Value): Value {
  const { shape, dtype } = x.type;
  const of = formulaOf(call.writer);
  const isAdded = call.arguments.flag("accumulate");
  const rest = shape.slice(mask.type.shape.length);
  const where = reshaped(call.writer, mask, [...mask.type.shape, ...rest.map(() => 1)]);
  const [count, ...own] = values.type.shape;
  if (count === 0) return x;
  if (values.type.shape.length > rest.length && count !== 1) {
    const source = expanded(call, values, [count, ...rest]);
    if (!isAdded) return withSource(call, x, where, source);
    return of(add, x, withSource(call, expanded(call, call.writer.scalar(0, dtype), shape), where, source));
  }
  const slice = values.type.shape.length > rest.length ? reshaped(call.writer, values, own) : values;
  return call.onnx("Where", [where, isAdded ? of(add, x, slice) : slice, x]);
}

/** Elements placed by an index for each along an axis. */
function scattering(source: "src" | "value", reduction?: string): Handler {
  return alongAxis((call, x, axis) => {
    const { arguments: given } = call;
    const index = asLine(call, given.tensor("index"));
    const updates =
      source === "src"
        ? covered(call, asLine(call, given.tensor("src")), index)
        : expanded(call, call.valueOf(given.operand("value"), x.type.dtype), index.type.shape);
    const how = reduction ?? reductionOf(call);
    const start = startOf(call, x, index, axis, how);
    const result = call.onnx("ScatterElements", [start, index, updates], { axis, reduction: how });
    return [given.given("reduce") && given.text("reduce") === "mean" ? averaged(call, result, index, axis) : result];
  });
}

/** Sums divided by how many elements each of them has, the data's own among them unless it is left out. */
function averaged(call: Call, sums: Value, index: Value, axis: number): Value {
  const { shape, dtype } = sums.type;
  if (dtype !== "f32") return call.unsupported("its means are of integers", "Convert the data to float before.");
  const of = formulaOf(call.writer);
  const first = expanded(call, call.writer.scalar(Number(includesData(call)), dtype), shape);
  const ones = expanded(call, call.writer.scalar(1, dtype), index.type.shape);
  const counts = call.onnx("ScatterElements", [first, index, ones], { axis, reduction: "add" });
  return of(div, sums, of(maximum, counts, 1));
}

function includesData({ arguments: given }: Call): boolean {
  return given.given("include_self") === undefined || given.flag("include_self");
}

/** What a reduction begins with: the data, or where that is left out and something is added what leaves everything as it is. */
function startOf(call: Call, x: Value, index: Value, axis: number, reduction: string): Value {
  if (includesData(call)) return x;
  const { dtype } = x.type;
  const [least, greatest] = isFloat(dtype) ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : integerRange(dtype);
  const neutral = { add: 0, mul: 1, max: least, min: greatest }[reduction] ?? 0;
  const updates = expanded(call, call.writer.scalar(neutral, dtype), index.type.shape);
  return call.onnx("ScatterElements", [x, index, updates], { axis });
}

/** The part of the source that has indices. */
function covered(call: Call, source: Value, { type }: Value): Value {
  const { shape } = type;
  if (source.type.shape.every((size, axis) => size === shape[axis])) return source;
  if (!isStatic(shape)) return call.unsupported(`the shape [${shape}] of its indices is open`, "Give the sizes.");
  const ends = [call.integers(shape.map(() => 0)), call.integers(shape)];
  return call.onnx("Slice", [source, ...ends]);
}

const reductions: ReadonlyMap<string, string> = new Map([
  ["sum", "add"],
  ["add", "add"],
  ["prod", "mul"],
  ["multiply", "mul"],
  ["amax", "max"],
  ["amin", "min"],
  ["mean", "add"],
]);

function reductionOf(call: Call): string {
  const { arguments: given } = call;
  if (!given.given("reduce")) return "none";
  const name = given.text("reduce");
  return reductions.get(name) ?? call.unsupported(`its reduce is ${name}`, "Use sum, mean, prod, amax or amin.");
}

/** Slices added or put at indices of an axis. */
function slicesAt(reduction: "add" | "none"): Handler {
  return alongAxis((call, x, axis) => {
    const { arguments: given } = call;
    const [index, source] = ["index", "source"].map((name) => asLine(call, given.tensor(name)));
    const factor = reduction === "add" ? given.real("alpha") : 1;
    const slices = factor === 1 ? source : formulaOf(call.writer)(mul, source, factor);
    return [withSlices(call, x, axis, index, slices, reduction)];
  });
}

function withSlices(call: Call, x: Value, axis: number, index: Value, slices: Value, reduction: "add" | "none"): Value {
  const order = withFirst(x, [axis]);
  const rows = reshaped(call.writer, index, [...index.type.shape, 1]);
  const result = call.onnx("ScatterND", [permuted(call, x, order), rows, permuted(call, slices, order)], { reduction });
  return permuted(
    call,
    result,
    order.map((_, at) => order.indexOf(at)),
  );
}

/** One number in all slices at indices of an axis. */
const slicesFilled = alongAxis((call, x, axis) => {
  const { arguments: given } = call;
  const index = given.tensor("index");
  const count = elementCount(index.type.shape);
  const value = reshaped(call.writer, call.valueOf(given.operand("value"), x.type.dtype), []);
  const slices = expanded(call, value, x.type.shape.with(axis, count));
  return [withSlices(call, x, axis, reshaped(call.writer, index, [count]), slices, "none")];
});

/** The elements of a source, in order, where a mask is true. */
function withSource(call: Call, x: Value, mask: Value, source: Value): Value {
  const { shape } = x.type;
  const line = (value: Value) => reshaped(call.writer, value, [elementCount(value.type.shape)]);
  const chosen = line(expanded(call, mask, shape));
  const zero = call.writer.scalar(0, "i64");
  const places = call.onnx("CumSum", [call.converted(chosen, "i64"), zero], { exclusive: 1 });
  const elements = line(source);
  const last = call.writer.scalar(Number(elements.type.shape[0]) - 1, "i64");
  const picked = call.onnx("Gather", [elements, call.onnx("Min", [places, last])], { axis: 0 });
  return reshaped(call.writer, call.onnx("Where", [chosen, picked, line(x)]), shape);
}

function maskedScattering(call: Call): Value {
  const { arguments: given } = call;
  const [x, mask] = [given.tensor("self"), given.tensor("mask")];
  const [own, chosen] = [x.type.shape, mask.type.shape];
  const shape = broadcastShapes(own, chosen) ?? call.invalid(`[${own}] and [${chosen}] do not broadcast`);
  return withSource(call, expanded(call, x, shape), mask, call.converted(given.tensor("source"), x.type.dtype));
}

/** Elements of images put back where the greatest of windows were, among zeros. */
function unpooled(call: Call): Value {
  const { arguments: given } = call;
  const [x, indices] = [given.tensor("self"), given.tensor("indices")];
  const sizes = given.exactly(2, "output_size");
  const lead = x.type.shape.slice(0, -2);
  const line = (value: Value) =>
    reshaped(call.writer, value, [elementCount(lead), elementCount(value.type.shape.slice(-2))]);
  const zeros = expanded(call, call.writer.scalar(0, x.type.dtype), [elementCount(lead), elementCount(sizes)]);
  const placed = call.onnx("ScatterElements", [zeros, line(indices), line(x)], { axis: 1 });
  return reshaped(call.writer, placed, [...lead, ...sizes]);
}

/** Operators that place elements by indices, by overload. */
export const placing: Readonly<Record<string, Handler>> = {
  "aten.index_put.default": indexPutting,
  "aten._unsafe_index_put.default": indexPutting,
  "aten.scatter.src": scattering("src"),
  "aten.scatter.value": scattering("value"),
  "aten.scatter.reduce": scattering("src"),
  "aten.scatter.value_reduce": scattering("value"),
  "aten.scatter_add.default": scattering("src", "add"),
  "aten.scatter_reduce.two": scattering("src"),
  "aten.index_add.default": slicesAt("add"),
  "aten.index_copy.default": slicesAt("none"),
  ...overloads("aten.index_fill", ["int_Scalar", "int_Tensor"], slicesFilled),
  "aten.max_unpool2d.default": unpooled,
  "aten.masked_scatter.default": maskedScattering,
};
