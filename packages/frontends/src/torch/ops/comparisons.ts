import type { Operator, Value } from "@millrace/ir";
import {
  abs,
  add,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  mul,
  notEqual,
  rightShift,
  sub,
} from "@millrace/ops";
import { formulaOf } from "../../onnx/ops/formula.ts";
import type { Call, Handler } from "../call.ts";
import { operands } from "./elementwise.ts";
import { overloads } from "./overloads.ts";

/** A comparison in the type that holds both. */
function comparison(op: Operator): Handler {
  return (call) => call.compute(op, call.promoted(operands(call)));
}

function truth(op: Operator): Handler {
  return (call) => call.compute(op, call.promoted(operands(call), "bool"));
}

/** Bits of whole numbers; truth values have one. */
function bitwise(type: string, truthOperator: Operator): Handler {
  return (call) => {
    const values = call.promoted(operands(call));
    return values[0].type.dtype === "bool" ? call.compute(truthOperator, values) : call.onnx(type, values);
  };
}

function bitwiseNot(call: Call): Value {
  const x = call.arguments.tensor("self");
  return x.type.dtype === "bool" ? call.compute(logicalNot, [x]) : call.onnx("BitwiseNot", [x]);
}

/** The sign of integers that have one is kept, which ONNX's operator has no word for. */
function shift(direction: "LEFT" | "RIGHT"): Handler {
  return (call) => {
    const values = call.promoted(operands(call));
    const isSigned = values[0].type.dtype.startsWith("i");
    if (isSigned && direction === "RIGHT") return call.compute(rightShift, values);
    return call.onnx("BitShift", values, { direction });
  };
}

const infinity = Number.POSITIVE_INFINITY;

/** A comparison of the tensor, or of its size, with a number. */
function withNumber(op: Operator, number: number, ofSize = false): Handler {
  return (call) => {
    const x = call.realOf(call.arguments.tensor("self"));
    return formulaOf(call.writer)(op, ofSize ? call.compute(abs, [x]) : x, number);
  };
}

/** Whether numbers are equal, or apart by no more than atol + rtol · |other|. */
function closeness(call: Call): Value {
  const { arguments: given } = call;
  const of = formulaOf(call.writer);
  const [a, b] = call.promoted(operands(call), "f32");
  const apart = of(abs, of(sub, a, b));
  const limit = of(add, of(mul, of(abs, b), Math.abs(given.real("rtol"))), given.real("atol"));
  const isNear = of(logicalAnd, of(less, apart, infinity), of(lessEqual, apart, limit));
  const isClose = of(logicalOr, of(equal, a, b), isNear);
  if (!given.flag("equal_nan")) return isClose;
  return of(logicalOr, isClose, of(logicalAnd, of(notEqual, a, a), of(notEqual, b, b)));
}

const both = ["Tensor", "Scalar"];

/** Operators that tell truths or work on bits, by overload. */
export const comparisons: Readonly<Record<string, Handler>> = {
  "aten.logical_not.default": (call) =>
    call.compute(logicalNot, [call.converted(call.arguments.tensor("self"), "bool")]),
  "aten.bitwise_not.default": bitwiseNot,
  ...overloads("aten.eq", both, comparison(equal)),
  ...overloads("aten.ne", both, comparison(notEqual)),
  ...overloads("aten.lt", both, comparison(less)),
  ...overloads("aten.le", both, comparison(lessEqual)),
  ...overloads("aten.gt", both, comparison(greater)),
  ...overloads("aten.ge", both, comparison(greaterEqual)),
  "aten.logical_and.default": truth(logicalAnd),
  "aten.logical_or.default": truth(logicalOr),
  "aten.logical_xor.default": truth(notEqual),
  ...overloads("aten.bitwise_and", both, bitwise("BitwiseAnd", logicalAnd)),
  ...overloads("aten.__and__", both, bitwise("BitwiseAnd", logicalAnd)),
  ...overloads("aten.bitwise_or", both, bitwise("BitwiseOr", logicalOr)),
  ...overloads("aten.__or__", both, bitwise("BitwiseOr", logicalOr)),
  ...overloads("aten.bitwise_xor", both, bitwise("BitwiseXor", notEqual)),
  ...overloads("aten.__xor__", both, bitwise("BitwiseXor", notEqual)),
  ...overloads("aten.bitwise_left_shift", ["Tensor", "Tensor_Scalar"], shift("LEFT")),
  ...overloads("aten.bitwise_right_shift", ["Tensor", "Tensor_Scalar"], shift("RIGHT")),
  ...overloads("aten.not_equal", both, comparison(notEqual)),
  ...overloads("aten.less", both, comparison(less)),
  ...overloads("aten.less_equal", both, comparison(lessEqual)),
  ...overloads("aten.greater", both, comparison(greater)),
  ...overloads("aten.greater_equal", both, comparison(greaterEqual)),
  "aten.isclose.default": closeness,
  "aten.isfinite.default": withNumber(less, infinity, true),
  "aten.isposinf.default": withNumber(equal, infinity),
  "aten.isneginf.default": withNumber(equal, -infinity),
  "aten.signbit.default": withNumber(less, 0),
};
