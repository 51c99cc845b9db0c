import { type Dimension, type Operator, scalarOf, type Value } from "@millrace/ir";
import {
  abs,
  add,
  cast,
  ceil,
  clamp,
  cos,
  div,
  equal,
  erf,
  exp,
  floor,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  pow,
  reshape,
  round,
  select,
  sigmoid,
  sign,
  sin,
  sqrt,
  sub,
  tanh,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";

/** Attributes of arithmetic without an activation of its own. */
export const plain = { activation: "none" } as const;
const infinity = Number.POSITIVE_INFINITY;

function unary(op: Operator): Importer {
  return (node) => node.compute(op, [node.input(0)], {});
}

function binary(op: Operator, attributes: { readonly activation?: "none" } = {}): Importer {
  return (node) => node.compute(op, [node.input(0), secondFactor(node)], attributes);
}

/** Any number of inputs, folded from the left. */
function folding(op: Operator, attributes: { readonly activation?: "none" } = {}): Importer {
  return (node) => node.all().reduce((left, right) => node.compute(op, [left, right], attributes));
}

/** Before opset 7 the second input was placed along the axes of the first from `axis` on. */
function secondFactor(node: SourceNode): Value {
  const value = node.input(1);
  if (node.opset >= 7) return value;
  node.attributes.ignore("broadcast");
  const { shape } = value.type;
  const rank = node.shape(0).length;
  const axis = node.attributes.integer("axis", rank - shape.length);
  const trailing = rank - shape.length - (axis < 0 ? axis + rank : axis);
  if (trailing <= 0) return value;
  return node.compute(reshape, [value], { shape: [...shape, ...new Array<Dimension>(trailing).fill(1)] });
}

function clip(node: SourceNode): Value {
  const bounds = node.opset < 11 ? attributeBounds(node) : constantBounds(node);
  if (bounds) return node.compute(clamp, [node.input(0)], bounds);
  const raised = node.has(1) ? node.compute(maximum, [node.input(0), node.input(1)], {}) : node.input(0);
  return node.has(2) ? node.compute(minimum, [raised, node.input(2)], {}) : raised;
}

function attributeBounds({ attributes }: SourceNode) {
  return { minimum: attributes.real("min", -infinity), maximum: attributes.real("max", infinity) };
}

/** The upper bound wins over a lower bound above it. */
function constantBounds(node: SourceNode) {
  if ([1, 2].some((index) => node.has(index) && !node.isConstant(node.input(index)))) return undefined;
  const maximum = node.has(2) ? scalarOf(node.tensor(2)) : infinity;
  const minimum = node.has(1) ? scalarOf(node.tensor(1)) : -infinity;
  return { minimum: Math.min(minimum, maximum), maximum };
}

function power(node: SourceNode): Value {
  const base = node.input(0);
  const exponent = secondFactor(node);
  const { dtype } = base.type;
  if (dtype === exponent.type.dtype) return node.compute(pow, [base, exponent], {});
  const common = dtype === "f32" ? base : node.compute(cast, [base], { to: "f32" });
  const result = node.compute(pow, [common, node.compute(cast, [exponent], { to: "f32" })], {});
  return dtype === "f32" ? result : node.compute(cast, [result], { to: dtype });
}

function average(node: SourceNode): Value {
  const of = formulaOf(node);
  const values = node.all();
  return of(
    div,
    values.reduce((left, right) => of(add, left, right)),
    values.length,
  );
}

/** Operators that treat every element alike. */
export const elementwise: Readonly<Record<string, Importer>> = {
  Abs: unary(abs),
  Neg: unary(neg),
  Exp: unary(exp),
  Log: unary(log),
  Sqrt: unary(sqrt),
  Sin: unary(sin),
  Cos: unary(cos),
  Floor: unary(floor),
  Ceil: unary(ceil),
  Round: unary(round),
  Sign: unary(sign),
  Erf: unary(erf),
  Sigmoid: unary(sigmoid),
  Tanh: unary(tanh),
  Not: unary(logicalNot),
  Reciprocal: (node) => formulaOf(node)(div, 1, node.input(0)),
  Clip: clip,
  Add: binary(add, plain),
  Sub: binary(sub, plain),
  Mul: binary(mul, plain),
  Div: binary(div, plain),
  Pow: power,
  Equal: binary(equal),
  Less: binary(less),
  LessOrEqual: binary(lessEqual),
  Greater: binary(greater),
  GreaterOrEqual: binary(greaterEqual),
  And: binary(logicalAnd),
  Or: binary(logicalOr),
  Xor: binary(notEqual),
  Where: (node) => node.compute(select, [node.input(0), node.input(1), node.input(2)], {}),
  Max: folding(maximum),
  Min: folding(minimum),
  Sum: folding(add, plain),
  Mean: average,
};
