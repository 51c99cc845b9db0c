import { elementCount, isStatic, type Value } from "@millrace/ir";
import { mul } from "@millrace/ops";
import { formulaOf } from "../../onnx/ops/formula.ts";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { axisOf, indicesOf, picksOf, withFirst } from "./picking.ts";
import { expanded, permuted } from "./shapes.ts";

/** x with values at x[i, :, j, …], or with them added. */
function indexPutting(call: Call): Value {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const values = call.converted(given.tensor("values"), x.type.dtype);
  const [mask, ...others] = given.optionalTensors("indices");
  const isAdded = given.flag("accumulate");
  if (mask?.type.dtype === "bool" && others.length === 0 && elementCount(values.type.shape) === 1 && !isAdded)
    return masked(call, x, mask, values);
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

/** One value wherever a mask of leading axes is true. */
function masked(call: Call, x: Value, mask: Value, value: Value): Value {
  const rest = x.type.shape.slice(mask.type.shape.length).map(() => 1);
  return call.onnx("Where", [
    reshaped(call.writer, mask, [...mask.type.shape, ...rest]),
    reshaped(call.writer, value, []),
    x,
  ]);
}

/** Elements placed by an index for each along an axis. */
function scattering(source: "src" | "value", reduction?: string): Handler {
  return (call) => {
    const { arguments: given } = call;
    const [x, index] = [given.tensor("self"), given.tensor("index")];
    const axis = axisOf(call, x);
    const updates =
      source === "src"
        ? covered(call, given.tensor("src"), index)
        : expanded(call, call.valueOf(given.operand("value"), x.type.dtype), index.type.shape);
    return call.onnx("ScatterElements", [x, index, updates], { axis, reduction: reduction ?? reductionOf(call) });
  };
}

/** The part of the source that has indices. */
function covered(call: Call, source: Value, { type }: Value): Value {
  const { shape } = type;
  if (source.type.shape.every((size, axis) => size === shape[axis])) return source;
  if (!isStatic(shape)) return call.unsupported(`the shape [${shape}] of its indices is open`, "Give the sizes.");
  const ends = [call.integers(shape.map(() => 0)), call.integers(shape)];
  return call.onnx("Slice", [source, ...ends]);
}

const reductions: Readonly<Record<string, string>> = {
  sum: "add",
  add: "add",
  prod: "mul",
  multiply: "mul",
  amax: "max",
  amin: "min",
};

function reductionOf(call: Call): string {
  const { arguments: given } = call;
  if (!given.given("reduce")) return "none";
  if (given.given("include_self") && !given.flag("include_self"))
    call.unsupported("its include_self is False", "Start from a tensor that the reduction leaves as it is.");
  const name = given.text("reduce");
  return reductions[name] ?? call.unsupported(`its reduce is ${name}`, "Use sum, prod, amax or amin.");
}

/** Slices added or put at indices of an axis. */
function slicesAt(reduction: "add" | "none"): Handler {
  return (call) => {
    const { arguments: given } = call;
    const [x, index, source] = [given.tensor("self"), given.tensor("index"), given.tensor("source")];
    const axis = axisOf(call, x);
    const scaled =
      reduction === "add" && given.real("alpha") !== 1
        ? formulaOf(call.writer)(mul, source, given.real("alpha"))
        : source;
    const order = withFirst(x, [axis]);
    const rows = reshaped(call.writer, index, [...index.type.shape, 1]);
    const result = call.onnx("ScatterND", [permuted(call, x, order), rows, permuted(call, scaled, order)], {
      reduction,
    });
    return permuted(
      call,
      result,
      order.map((_, at) => order.indexOf(at)),
    );
  };
}

/** The elements of a source, in order, where a mask is true. */
function maskedScattering(call: Call): Value {
  const { arguments: given } = call;
  const x = given.tensor("self");
  const { shape } = x.type;
  const count = elementCount(shape);
  const line = (value: Value) => reshaped(call.writer, value, [elementCount(value.type.shape)]);
  const mask = line(expanded(call, given.tensor("mask"), shape));
  const zero = call.writer.scalar(0, "i64");
  const places = call.onnx("CumSum", [call.converted(mask, "i64"), zero], { exclusive: 1 });
  const source = line(call.converted(given.tensor("source"), x.type.dtype));
  const last = call.writer.scalar(Number(source.type.shape[0]) - 1, "i64");
  const picked = call.onnx("Gather", [source, call.onnx("Min", [places, last])], { axis: 0 });
  const placed = call.onnx("Where", [mask, picked, reshaped(call.writer, x, [count])]);
  return reshaped(call.writer, placed, shape);
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
  "aten.masked_scatter.default": maskedScattering,
};
