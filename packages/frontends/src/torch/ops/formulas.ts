import { isFloat, type Operator, type Value } from "@millrace/ir";
import {
  abs,
  add,
  concat,
  div,
  equal,
  erf,
  exp,
  less,
  log,
  maximum,
  minimum,
  mul,
  notEqual,
  pow,
  round,
  select,
  sin,
  sqrt,
  sub,
  sum,
} from "@millrace/ops";
import { type Formula, formulaOf } from "../../onnx/ops/formula.ts";
import { sliced } from "../../onnx/ops/weights.ts";
import type { Call, Handler } from "../call.ts";
import { commonType } from "../types.ts";
import { overloads } from "./overloads.ts";

/** A formula of the tensors in the arguments named, in real numbers. */
function of(names: readonly string[], write: (of: Formula, call: Call, ...values: readonly Value[]) => Value): Handler {
  return (call) => {
    const values = call.promoted(
      names.map((name) => call.arguments.operand(name)),
      "f32",
    );
    return write(formulaOf(call.writer), call, ...values);
  };
}

const own = ["self"];
const pair = ["self", "other"];

/** self + value · tensor1 (· or /) tensor2; a quotient is of real numbers, a product of the type of the operands. */
function addedTerm(op: Operator): Handler {
  return (call) => {
    const { arguments: given } = call;
    const of = formulaOf(call.writer);
    const tensors = ["self", "tensor1", "tensor2"].map((name) => given.tensor(name));
    const [self, a, b] = call.promoted(tensors, op === div ? "f32" : commonType(tensors));
    const value = given.real("value");
    const term = of(op, a, b);
    return of(add, self, value === 1 ? term : of(mul, term, value));
  };
}

/** Numbers in the place of what is none, and of what is infinite. */
function numbersOnly(call: Call): Value {
  const { arguments: given } = call;
  const x = given.tensor("self");
  if (!isFloat(x.type.dtype)) return x;
  const greatest = 3.4028234663852886e38;
  const number = (name: string, usual: number) => given.optionalReal(name) ?? usual;
  const of = formulaOf(call.writer);
  const limits = { least: number("neginf", -greatest), greatest: number("posinf", greatest) };
  const known = of(select, of(notEqual, x, x), number("nan", 0), x);
  const below = of(select, of(equal, known, Number.POSITIVE_INFINITY), limits.greatest, known);
  return of(select, of(equal, below, Number.NEGATIVE_INFINITY), limits.least, below);
}

/** Rounded to so many decimals, halves to even. */
function rounded(call: Call): Value {
  const of = formulaOf(call.writer);
  const factor = 10 ** call.arguments.integer("decimals");
  return of(div, of(round, of(mul, call.realOf(call.arguments.tensor("self")), factor)), factor);
}

/** Σ x · y / (|x| · |y|) along an axis, each length at least eps. */
function cosineSimilarity(call: Call): Value {
  const { arguments: given } = call;
  const of = formulaOf(call.writer);
  const [a, b] = call.promoted([given.operand("x1"), given.operand("x2")], "f32");
  const rank = Math.max(a.type.shape.length, b.type.shape.length);
  const fold = { axes: [call.axis(given.integer("dim"), rank)], keepDims: false };
  const total = (value: Value) => call.compute(sum, [value], fold);
  const length = (value: Value) => of(maximum, of(sqrt, total(of(mul, value, value))), given.real("eps"));
  return of(div, total(of(mul, a, b)), of(mul, length(a), length(b)));
}

/**
 * Each element less the one before it along an axis, n times over; of truth values, whether the two are different. No times over,
 * nothing comes before or after it either.
 */
function differences(call: Call): Value {
  const { arguments: given } = call;
  const of = formulaOf(call.writer);
  const x = given.tensor("self");
  if (given.integer("n") === 0) return x;
  const axis = call.axis(given.integer("dim"), x.type.shape.length);
  const parts = ["prepend", "self", "append"].flatMap((name) => given.optionalTensor(name) ?? []);
  let result = parts.length === 1 ? parts[0] : call.compute(concat, call.promoted(parts), { axis });
  for (let left = given.integer("n"); left > 0; left--) {
    const size = result.type.shape[axis];
    if (typeof size !== "number")
      return call.unsupported(`the size ${size} of its axis is open`, "Give the sizes of the model's inputs.");
    if (size === 0) return result;
    const [before, after] = [0, 1].map((start) => sliced(call.writer, result, axis, start, size - 1));
    result = of(result.type.dtype === "bool" ? notEqual : sub, after, before);
  }
  return result;
}

/** Weights of the lengths g in the directions of v, and the lengths of v: norms over all axes but one. */
function normedWeights(call: Call): readonly Value[] {
  const { arguments: given } = call;
  const of = formulaOf(call.writer);
  const [v, g] = [given.tensor("v"), given.tensor("g")];
  const rank = v.type.shape.length;
  const kept = given.integer("dim") === -1 ? undefined : call.axis(given.integer("dim"), rank);
  const axes = [...v.type.shape.keys()].filter((axis) => axis !== kept);
  const length = of(sqrt, call.compute(sum, [of(mul, v, v)], { axes, keepDims: true }));
  return [of(mul, v, of(div, g, length)), length];
}

/** Operators that are written out in others, by overload. */
export const formulas: Readonly<Record<string, Handler>> = {
  "aten.erfc.default": of(own, (of, _, x) => of(sub, 1, of(erf, x))),
  "aten.rad2deg.default": of(own, (of, _, x) => of(mul, x, 180 / Math.PI)),
  "aten.deg2rad.default": of(own, (of, _, x) => of(mul, x, Math.PI / 180)),
  "aten.sinc.default": of(own, (of, _, x) => {
    const angle = of(mul, x, Math.PI);
    const isZero = of(equal, x, 0);
    return of(select, isZero, 1, of(div, of(sin, angle), of(select, isZero, 1, angle)));
  }),
  "aten.round.decimals": rounded,
  "aten.nan_to_num.default": numbersOnly,
  "aten.addcmul.default": addedTerm(mul),
  "aten.addcdiv.default": addedTerm(div),
  ...overloads(
    "aten.lerp",
    ["Scalar", "Tensor"],
    of(["self", "end", "weight"], (of, _, start, end, weight) => of(add, start, of(mul, weight, of(sub, end, start)))),
  ),
  "aten.hypot.default": of(pair, (of, _, a, b) => of(sqrt, of(add, of(mul, a, a), of(mul, b, b)))),
  ...overloads(
    "aten.xlogy",
    ["Tensor", "Scalar_Self", "Scalar_Other"],
    of(pair, (of, _, a, b) => of(select, of(equal, a, 0), 0, of(mul, a, of(log, b)))),
  ),
  "aten.logaddexp.default": of(pair, (of, _, a, b) => {
    const [greatest, least] = [of(maximum, a, b), of(minimum, a, b)];
    return of(add, greatest, of(log, of(add, 1, of(exp, of(sub, least, greatest)))));
  }),
  ...overloads(
    "aten.copysign",
    ["Tensor", "Scalar"],
    of(pair, (of, _, a, b) => of(select, of(less, b, 0), of(mul, of(abs, a), -1), of(abs, a))),
  ),
  ...overloads(
    "aten.float_power",
    ["Tensor_Tensor", "Tensor_Scalar", "Scalar"],
    of(["self", "exponent"], (of, _, base, exponent) => of(pow, base, exponent)),
  ),
  "aten.cosine_similarity.default": cosineSimilarity,
  "aten.diff.default": differences,
  "aten._weight_norm.default": (call) => normedWeights(call).slice(0, 1),
  "aten._weight_norm_interface.default": normedWeights,
};
