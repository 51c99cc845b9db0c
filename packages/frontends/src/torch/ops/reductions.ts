import { elementCount, fromNumbers, type Operator, type Value } from "@millrace/ir";
import {
  abs,
  argMax,
  argMin,
  cast,
  mean,
  mul,
  notEqual,
  pow,
  reduceAll,
  reduceAny,
  reduceMax,
  reduceMin,
  reduceProd,
  sqrt,
  squaredDifference,
  sum,
} from "@millrace/ops";
import { plain } from "../../onnx/ops/elementwise.ts";
import { formulaOf } from "../../onnx/ops/formula.ts";
import { reshaped } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { alongAxis } from "./ordering.ts";
import { overloads } from "./overloads.ts";

interface Fold {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

/** The axes in the argument `dim`, or all of them, in order. */
function foldOf(call: Call, { type }: Value): Fold {
  const { arguments: given } = call;
  const dims = given.given("dim") && given.has("dim") ? given.integers("dim") : [];
  const axes =
    dims.length === 0 ? [...type.shape.keys()] : dims.map((axis) => call.axis(axis, Math.max(1, type.shape.length)));
  const keepDims = given.given("keepdim") ? given.flag("keepdim") : false;
  return { axes: [...new Set(axes)].sort((a, b) => a - b), keepDims };
}

/** `x` folded; a number alone has nothing to fold. */
function folded(call: Call, op: Operator, x: Value, { axes, keepDims }: Fold): Value {
  return x.type.shape.length === 0 ? x : call.compute(op, [x], { axes, keepDims });
}

/** In the type asked for; without one, sums and products of whole numbers have 64 bits. */
function total(op: Operator): Handler {
  return (call) => {
    const x = call.arguments.tensor("self");
    const { dtype } = x.type;
    const asked = call.arguments.dtype("dtype");
    const to = asked ?? (dtype === "f32" ? dtype : "i64");
    return folded(call, op, call.converted(x, to), foldOf(call, x));
  };
}

function average(call: Call): Value {
  const x = call.realOf(call.arguments.tensor("self"));
  return folded(call, mean, x, foldOf(call, x));
}

function extreme(op: Operator): Handler {
  return (call) => {
    const x = call.arguments.tensor("self");
    const isTruth = x.type.dtype === "bool";
    const result = folded(call, op, isTruth ? call.converted(x, "i32") : x, foldOf(call, x));
    return isTruth ? call.converted(result, "bool") : result;
  };
}

/** The greatest or least elements along an axis, and where they are. */
function extremeWithPlaces(fold: Operator, place: Operator): Handler {
  return alongAxis((call, x, axis) => {
    const keepDims = call.arguments.flag("keepdim");
    const places = call.wants(1) ? call.compute(place, [x], { axis, keepDims, to: "i64" }) : undefined;
    return [folded(call, fold, x, { axes: [axis], keepDims }), places];
  });
}

/** The least and the greatest elements. */
function bothExtremes(call: Call): readonly Value[] {
  const x = call.arguments.tensor("self");
  return [reduceMin, reduceMax].map((op) => folded(call, op, x, foldOf(call, x)));
}

/** How many elements are not 0. */
function countOfNonZeros(call: Call): Value {
  const x = call.arguments.tensor("self");
  const counted = call.compute(cast, [formulaOf(call.writer)(notEqual, x, 0)], { to: "i64" });
  return folded(call, sum, counted, foldOf(call, x));
}

function placeOfExtreme(op: Operator): Handler {
  const along = alongAxis((call, x, axis) => [
    call.compute(op, [x], { axis, keepDims: call.arguments.flag("keepdim"), to: "i64" }),
  ]);
  return (call) => {
    const { arguments: given, writer } = call;
    if (given.has("dim")) return along(call);
    const x = given.tensor("self");
    const { shape } = x.type;
    const line = reshaped(writer, x, [elementCount(shape)]);
    const place = call.compute(op, [line], { axis: 0, keepDims: false, to: "i64" });
    return given.flag("keepdim") ? reshaped(writer, place, new Array<number>(shape.length).fill(1)) : place;
  };
}

function truth(op: Operator): Handler {
  return (call) => {
    const x = call.arguments.tensor("self");
    const isTrue = x.type.dtype === "bool" ? x : formulaOf(call.writer)(notEqual, x, 0);
    return folded(call, op, isTrue, foldOf(call, x));
  };
}

/** Σ (x − mean)² / (n − correction). */
function variance(call: Call, x: Value): { readonly variance: Value; readonly mean: Value } {
  const fold = foldOf(call, x);
  const counts = fold.axes.map((axis) => x.type.shape[axis]);
  const count = elementCount(counts);
  if (typeof count !== "number") return call.unsupported(`the size ${count} of its axes is open`, "Give the sizes.");
  const center = folded(call, mean, x, { ...fold, keepDims: true });
  const squares = folded(call, mean, call.compute(squaredDifference, [x, center]), fold);
  const factor = count / Math.max(0, count - correctionOf(call));
  const moments = fold.keepDims ? center : reshaped(call.writer, center, squares.type.shape);
  return { variance: factor === 1 ? squares : formulaOf(call.writer)(mul, squares, factor), mean: moments };
}

function correctionOf({ arguments: given }: Call): number {
  if (given.given("unbiased")) return Number(given.flag("unbiased"));
  return given.has("correction") ? given.real("correction") : 1;
}

function spread(after: (call: Call, variance: Value, mean: Value) => readonly Value[]): Handler {
  return (call) => {
    const found = variance(call, call.realOf(call.arguments.tensor("self")));
    return after(call, found.variance, found.mean);
  };
}

const varianceOnly = spread((_, found) => [found]);
const deviationOnly = spread((call, found) => [call.compute(sqrt, [found])]);

/** (Σ |x|^p)^(1 / p), of the orders 1, 2, ∞, −∞ and 0 by what they come to. */
export function norm(call: Call, x: Value, order: number, fold: Fold): Value {
  const of = formulaOf(call.writer);
  const sizes = call.compute(abs, [x]);
  if (order === Number.POSITIVE_INFINITY) return folded(call, reduceMax, sizes, fold);
  if (order === Number.NEGATIVE_INFINITY) return folded(call, reduceMin, sizes, fold);
  if (order === 0) return folded(call, sum, call.compute(cast, [of(notEqual, x, 0)], { to: "f32" }), fold);
  if (order === 1) return folded(call, sum, sizes, fold);
  if (order === 2) return call.compute(sqrt, [folded(call, sum, call.compute(mul, [x, x], plain), fold)]);
  return of(pow, folded(call, sum, of(pow, sizes, order), fold), 1 / order);
}

function vectorNorm(order: string): Handler {
  return (call) => {
    const x = call.realOf(call.arguments.tensor("self"));
    const given = call.arguments.has(order) ? call.arguments.real(order) : 2;
    return norm(call, x, given, foldOf(call, x));
  };
}

function logOfSumOfExponentials(call: Call): Value {
  const x = call.realOf(call.arguments.tensor("self"));
  const { axes, keepDims } = foldOf(call, x);
  return call.onnx("ReduceLogSumExp", [x, call.integers(axes)], { keepdims: Number(keepDims) });
}

function cumulative(type: "CumSum" | "CumProd"): Handler {
  return (call) => {
    const own = call.arguments.tensor("self");
    const to = call.arguments.dtype("dtype") ?? (own.type.dtype === "f32" ? "f32" : "i64");
    if (own.type.shape.length === 0) return call.converted(own, to);
    const axis = call.axis(call.arguments.integer("dim"), own.type.shape.length);
    const where = call.writer.constant(fromNumbers("i64", [1], [axis]));
    return call.onnx(type, [call.converted(own, to), where]);
  };
}

/** Operators that fold axes or look along them, by overload. */
export const reductions: Readonly<Record<string, Handler>> = {
  ...overloads("aten.sum", ["default", "dim_IntList"], total(sum)),
  ...overloads("aten.prod", ["default", "dim_int"], total(reduceProd)),
  ...overloads("aten.mean", ["default", "dim"], average),
  "aten.amax.default": extreme(reduceMax),
  "aten.amin.default": extreme(reduceMin),
  "aten.max.default": extreme(reduceMax),
  "aten.min.default": extreme(reduceMin),
  "aten.max.dim": extremeWithPlaces(reduceMax, argMax),
  "aten.min.dim": extremeWithPlaces(reduceMin, argMin),
  "aten.aminmax.default": bothExtremes,
  ...overloads("aten.count_nonzero", ["default", "dim_IntList"], countOfNonZeros),
  "aten.argmax.default": placeOfExtreme(argMax),
  "aten.argmin.default": placeOfExtreme(argMin),
  ...overloads("aten.any", ["default", "dim", "dims"], truth(reduceAny)),
  ...overloads("aten.all", ["default", "dim", "dims"], truth(reduceAll)),
  ...overloads("aten.var", ["default", "dim", "correction"], varianceOnly),
  ...overloads("aten.std", ["default", "dim", "correction"], deviationOnly),
  ...overloads(
    "aten.var_mean",
    ["default", "dim", "correction"],
    spread((_, found, mean) => [found, mean]),
  ),
  ...overloads(
    "aten.std_mean",
    ["default", "dim", "correction"],
    spread((call, found, mean) => [call.compute(sqrt, [found]), mean]),
  ),
  ...overloads("aten.norm", ["Scalar", "ScalarOpt_dim"], vectorNorm("p")),
  "aten.linalg_vector_norm.default": vectorNorm("ord"),
  "aten.logsumexp.default": logOfSumOfExponentials,
  "aten.cumsum.default": cumulative("CumSum"),
  "aten.cumprod.default": cumulative("CumProd"),
};
