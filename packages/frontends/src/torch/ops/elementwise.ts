import { isFloat, type Operator, type Value } from "@millrace/ir";
import {
  add,
  atan2,
  ceil,
  cos,
  div,
  erf,
  exp,
  floor,
  floorDiv,
  floorMod,
  less,
  log,
  logicalAnd,
  logicalOr,
  maximum,
  minimum,
  mul,
  neg,
  round,
  rsqrt,
  select,
  sigmoid,
  sign,
  sin,
  sqrt,
  square,
  sub,
  tanh,
} from "@millrace/ops";
import { plain } from "../../onnx/ops/elementwise.ts";
import { formulaOf } from "../../onnx/ops/formula.ts";
import type { Call, Handler } from "../call.ts";
import { commonType, isScalar, type Scalar } from "../types.ts";
import { overloads } from "./overloads.ts";

type Write = (call: Call, x: Value) => Value;

/** A function of reals; whole numbers are made reals first. */
function ofReals(write: Write): Handler {
  return (call) => write(call, call.realOf(call.arguments.tensor("self")));
}

function unary(op: Operator): Handler {
  return ofReals((call, x) => call.compute(op, [x]));
}

function likeOnnx(type: string): Handler {
  return ofReals((call, x) => call.onnx(type, [x]));
}

/** A function that leaves whole numbers as they are. */
/** A rounding of reals; integers stay as they are. */
function rounding(rounded: Operator | typeof truncated): Handler {
  return (call) => {
    const x = call.arguments.tensor("self");
    if (!isFloat(x.type.dtype)) return x;
    return typeof rounded === "function" ? rounded(call, x) : call.compute(rounded, [x]);
  };
}

/** A function of numbers of any type. */
function ofNumbers(op: Operator): Handler {
  return (call) => call.compute(op, [call.arguments.tensor("self")]);
}

export function computed(call: Call, op: Operator, operands: readonly Value[]): Value {
  return call.compute(op, operands, "activation" in op.attributes ? plain : {});
}

export function operands(call: Call): readonly (Value | Scalar)[] {
  return [call.arguments.operand("self"), call.arguments.operand("other")];
}

function binary(op: Operator): Handler {
  return (call) => computed(call, op, call.promoted(operands(call)));
}

/** self ± alpha · other; of truth values, a sum is an "or". */
function sum(op: Operator, isReversed = false): Handler {
  return (call) => {
    const given = operands(call);
    const alpha = call.arguments.scalar("alpha");
    const common = commonType(alpha.value === 1 ? given : [...given, alpha]);
    const [self, other] = call.promoted(given, common);
    if (common === "bool") return computed(call, logicalOr, [self, other]);
    const [first, second] = isReversed ? [other, self] : [self, other];
    const scaled = (value: Value) => computed(call, mul, [value, call.valueOf(alpha, common)]);
    if (alpha.value === 1) return computed(call, op, [first, second]);
    return computed(call, op, isReversed ? [first, scaled(second)] : [first, scaled(second)]);
  };
}

/** A product; of truth values, an "and". */
function product(call: Call): Value {
  const [self, other] = call.promoted(operands(call));
  return computed(call, self.type.dtype === "bool" ? logicalAnd : mul, [self, other]);
}

function quotient(call: Call): Value {
  return computed(call, div, call.promoted(operands(call), "f32"));
}

/** A quotient rounded down or towards zero, in the type of the operands. */
function roundedQuotient(call: Call): Value {
  const mode = call.arguments.has("rounding_mode") ? call.arguments.text("rounding_mode") : "";
  if (mode === "") return quotient(call);
  const values = call.promoted(operands(call));
  const isReal = isFloat(values[0].type.dtype);
  if (mode === "floor")
    return isReal ? call.compute(floor, [computed(call, div, values)]) : computed(call, floorDiv, values);
  return isReal ? truncated(call, computed(call, div, values)) : computed(call, div, values);
}

function floorQuotient(call: Call): Value {
  const values = call.promoted(operands(call));
  const isReal = isFloat(values[0].type.dtype);
  return isReal ? call.compute(floor, [computed(call, div, values)]) : computed(call, floorDiv, values);
}

/** Towards zero: sign(x) · floor(|x|). */
function truncated(call: Call, x: Value): Value {
  const of = formulaOf(call.writer);
  return of(select, of(less, x, 0), of(ceil, x), of(floor, x));
}

/** The remainder whose sign is that of the divisor, or of the dividend. */
function remainder(isOfDivisor: boolean): Handler {
  return (call) => {
    const values = call.promoted(operands(call));
    if (isOfDivisor) return computed(call, floorMod, values);
    return call.onnx("Mod", values, { fmod: 1 });
  };
}

/** Powers; a square and a root have operators of their own. */
function power(call: Call): Value {
  const [base, exponent] = [call.arguments.operand("self"), call.arguments.operand("exponent")];
  const common = commonType([base, exponent]);
  const x = call.valueOf(base, common);
  if (isScalar(exponent) && isFloat(common)) {
    if (exponent.value === 1) return x;
    if (exponent.value === 2) return computed(call, mul, [x, x]);
    if (exponent.value === 0.5) return call.compute(sqrt, [x]);
    if (exponent.value === -1) return formulaOf(call.writer)(div, 1, x);
  }
  return call.onnx("Pow", [x, call.valueOf(exponent, common)]);
}

/** Bounds in the type of what is computed, or in that of the data where it is kept. */
function clampBetween(minimumName: string, maximumName: string, isKept = false): Handler {
  return (call) => {
    const { arguments: given } = call;
    const bound = (name: string) => (given.has(name) ? given.operand(name) : undefined);
    const [low, high] = [bound(minimumName), bound(maximumName)];
    const self = given.tensor("self");
    const bounds = isKept ? [] : [low, high].filter((operand) => operand !== undefined);
    const common = commonType([self, ...bounds]);
    const limit = (operand: Value | Scalar | undefined) => operand && call.valueOf(operand, common);
    return call.onnx("Clip", [call.valueOf(self, common), limit(low), limit(high)]);
  };
}

function choice(call: Call): Value {
  const condition = call.converted(call.arguments.tensor("condition"), "bool");
  return call.compute(select, [condition, ...call.promoted(operands(call))]);
}

/** The tensor with a number where a mask holds. */
function maskedFill(call: Call): Value {
  const self = call.arguments.tensor("self");
  const mask = call.converted(call.arguments.tensor("mask"), "bool");
  const value = call.valueOf(call.arguments.operand("value"), self.type.dtype);
  return call.compute(select, [mask, value, self]);
}

/** Operators that treat every element alike, by overload. */
export const elementwise: Readonly<Record<string, Handler>> = {
  "aten.abs.default": ofNumbersOf("Abs"),
  "aten.absolute.default": ofNumbersOf("Abs"),
  "aten.neg.default": ofNumbers(neg),
  "aten.negative.default": ofNumbers(neg),
  "aten.positive.default": (call) => call.arguments.tensor("self"),
  "aten.sign.default": ofNumbers(sign),
  "aten.sgn.default": ofNumbers(sign),
  "aten.exp.default": unary(exp),
  "aten.exp2.default": ofReals((call, x) => formulaOf(call.writer)(exp, formulaOf(call.writer)(mul, x, Math.LN2))),
  "aten.expm1.default": ofReals((call, x) => formulaOf(call.writer)(sub, formulaOf(call.writer)(exp, x), 1)),
  "aten.log.default": unary(log),
  "aten.log1p.default": ofReals((call, x) => formulaOf(call.writer)(log, formulaOf(call.writer)(add, x, 1))),
  "aten.log2.default": ofReals((call, x) => formulaOf(call.writer)(div, formulaOf(call.writer)(log, x), Math.LN2)),
  "aten.log10.default": ofReals((call, x) => formulaOf(call.writer)(div, formulaOf(call.writer)(log, x), Math.LN10)),
  "aten.sqrt.default": unary(sqrt),
  "aten.rsqrt.default": unary(rsqrt),
  "aten.square.default": ofNumbers(square),
  "aten.reciprocal.default": ofReals((call, x) => formulaOf(call.writer)(div, 1, x)),
  "aten.sin.default": unary(sin),
  "aten.cos.default": unary(cos),
  "aten.tan.default": likeOnnx("Tan"),
  "aten.asin.default": likeOnnx("Asin"),
  "aten.arcsin.default": likeOnnx("Asin"),
  "aten.acos.default": likeOnnx("Acos"),
  "aten.arccos.default": likeOnnx("Acos"),
  "aten.atan.default": likeOnnx("Atan"),
  "aten.arctan.default": likeOnnx("Atan"),
  "aten.sinh.default": likeOnnx("Sinh"),
  "aten.cosh.default": likeOnnx("Cosh"),
  "aten.asinh.default": likeOnnx("Asinh"),
  "aten.arcsinh.default": likeOnnx("Asinh"),
  "aten.acosh.default": likeOnnx("Acosh"),
  "aten.arccosh.default": likeOnnx("Acosh"),
  "aten.atanh.default": likeOnnx("Atanh"),
  "aten.arctanh.default": likeOnnx("Atanh"),
  "aten.erf.default": unary(erf),
  "aten.special_erf.default": unary(erf),
  "aten.sigmoid.default": unary(sigmoid),
  "aten.special_expit.default": unary(sigmoid),
  "aten.tanh.default": unary(tanh),
  "aten.floor.default": rounding(floor),
  "aten.ceil.default": rounding(ceil),
  "aten.round.default": rounding(round),
  "aten.trunc.default": rounding(truncated),
  "aten.fix.default": rounding(truncated),
  "aten.frac.default": ofReals((call, x) => formulaOf(call.writer)(sub, x, truncated(call, x))),
  "aten.isnan.default": likeOnnx("IsNaN"),
  "aten.isinf.default": likeOnnx("IsInf"),
  ...overloads("aten.add", ["Tensor", "Scalar"], sum(add)),
  ...overloads("aten.sub", ["Tensor", "Scalar"], sum(sub)),
  ...overloads("aten.subtract", ["Tensor", "Scalar"], sum(sub)),
  ...overloads("aten.rsub", ["Tensor", "Scalar"], sum(sub, true)),
  ...overloads("aten.mul", ["Tensor", "Scalar"], product),
  ...overloads("aten.multiply", ["Tensor", "Scalar"], product),
  ...overloads("aten.div", ["Tensor", "Scalar"], quotient),
  ...overloads("aten.divide", ["Tensor", "Scalar"], quotient),
  ...overloads("aten.divide", ["Tensor_mode", "Scalar_mode"], roundedQuotient),
  ...overloads("aten.true_divide", ["Tensor", "Scalar"], quotient),
  ...overloads("aten.div", ["Tensor_mode", "Scalar_mode"], roundedQuotient),
  ...overloads("aten.floor_divide", ["default", "Scalar"], floorQuotient),
  ...overloads("aten.remainder", ["Tensor", "Scalar", "Scalar_Tensor"], remainder(true)),
  ...overloads("aten.fmod", ["Tensor", "Scalar"], remainder(false)),
  ...overloads("aten.pow", ["Tensor_Scalar", "Tensor_Tensor", "Scalar"], power),
  "aten.atan2.default": arctangent,
  "aten.arctan2.default": arctangent,
  "aten.maximum.default": binary(maximum),
  "aten.minimum.default": binary(minimum),
  "aten.fmax.default": binary(maximum),
  "aten.fmin.default": binary(minimum),
  "aten.max.other": binary(maximum),
  "aten.min.other": binary(minimum),
  ...overloads("aten.clamp", ["default", "Tensor"], clampBetween("min", "max")),
  ...overloads("aten.clip", ["default", "Tensor"], clampBetween("min", "max")),
  ...overloads("aten.clamp_min", ["default", "Tensor"], clampBetween("min", "max")),
  ...overloads("aten.clamp_max", ["default", "Tensor"], clampBetween("min", "max")),
  "aten.hardtanh.default": clampBetween("min_val", "max_val", true),
  ...overloads("aten.where", ["self", "ScalarSelf", "ScalarOther", "Scalar"], choice),
  ...overloads("aten.masked_fill", ["Scalar", "Tensor"], maskedFill),
};

function arctangent(call: Call): Value {
  return call.compute(atan2, call.promoted(operands(call), "f32"));
}

function ofNumbersOf(type: string): Handler {
  return (call) => call.onnx(type, [call.arguments.tensor("self")]);
}
