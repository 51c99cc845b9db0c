import { elementCount, type Value } from "@millrace/ir";
import { notEqual, reduceAny, select } from "@millrace/ops";
import { formulaOf } from "../../onnx/ops/formula.ts";
import { reshaped, sliced } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";

type Results = readonly (Value | undefined)[];

/** A number alone as a line of one element. */
export function asLine(call: Call, value: Value): Value {
  return value.type.shape.length === 0 ? reshaped(call.writer, value, [1]) : value;
}

/** A handler of the argument `self` and its axis `dim`. A number alone is written as a line of one, and gives numbers. */
export function alongAxis(write: (call: Call, x: Value, axis: number) => Results): Handler {
  return (call) => {
    const own = call.arguments.tensor("self");
    const x = asLine(call, own);
    const results = write(call, x, call.axis(call.arguments.integer("dim"), x.type.shape.length));
    return x !== own ? results.map((result) => result && reshaped(call.writer, result, [])) : results;
  };
}

/** The `count` greatest or least elements along an axis in order, and where they are. */
function sorted(call: Call, x: Value, axis: number, count: number, isDescending: boolean): Results {
  const attributes = { axis, largest: Number(isDescending), sorted: 1 };
  return call.onnxAll("TopK", [x, call.integers([count])], attributes, ["values", "places"]);
}

const greatest = alongAxis((call, x, axis) =>
  sorted(call, x, axis, call.arguments.integer("k"), call.arguments.flag("largest")),
);

function sizeOf(call: Call, x: Value, axis: number): number {
  const size = x.type.shape[axis];
  if (typeof size === "number") return size;
  return call.unsupported(`the size ${size} of its axis is open`, "Give the sizes of the model's inputs.");
}

const sorting = alongAxis((call, x, axis) =>
  sorted(call, x, axis, sizeOf(call, x, axis), call.arguments.flag("descending")),
);

const order = alongAxis((call, x, axis) =>
  sorted(call, x, axis, sizeOf(call, x, axis), call.arguments.flag("descending")).slice(1),
);

/** The element with so many others before it along an axis, were they in order, and where it is. */
function ranked(call: Call, x: Value, axis: number, before: number, keepDims: boolean): Results {
  const size = sizeOf(call, x, axis);
  if (!(before >= 0 && before < size)) return call.invalid(`its axis of ${size} has no element ${before + 1}`);
  const { shape } = x.type;
  return sorted(call, x, axis, before + 1, false).map((found) => {
    if (found === undefined) return found;
    const last = sliced(call.writer, found, axis, before, 1);
    return keepDims ? last : reshaped(call.writer, last, shape.toSpliced(axis, 1));
  });
}

/** The lesser of the two elements in the middle where their number is even; none where one is not a number. */
function median(call: Call, x: Value, axis: number, keepDims: boolean): Results {
  const [middle, place] = ranked(call, x, axis, Math.floor((sizeOf(call, x, axis) - 1) / 2), keepDims);
  if (middle === undefined || x.type.dtype !== "f32") return [middle, place];
  const of = formulaOf(call.writer);
  const isUnknown = call.compute(reduceAny, [of(notEqual, x, x)], { axes: [axis], keepDims });
  return [of(select, isUnknown, Number.NaN, middle), place];
}

function medianOfAll(call: Call): Results {
  const x = call.arguments.tensor("self");
  return median(call, reshaped(call.writer, x, [elementCount(x.type.shape)]), 0, false).slice(0, 1);
}

/** Operators that put elements in order, by overload. */
export const ordering: Readonly<Record<string, Handler>> = {
  "aten.topk.default": greatest,
  "aten.sort.default": sorting,
  "aten.sort.stable": sorting,
  "aten.argsort.default": order,
  "aten.argsort.stable": order,
  "aten.median.default": medianOfAll,
  "aten.median.dim": alongAxis((call, x, axis) => median(call, x, axis, call.arguments.flag("keepdim"))),
  "aten.kthvalue.default": alongAxis((call, x, axis) => {
    const { arguments: given } = call;
    return ranked(call, x, axis, given.integer("k") - 1, given.flag("keepdim"));
  }),
};
