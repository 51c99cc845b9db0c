import { type Dimension, type Operator, scalarOf, type Value } from "@millrace/ir";
import {
  abs,
  add,
  cast,
  ceil,
  clamp,
  cos,
  div,
  elu,
  equal,
  erf,
  exp,
  floor,
  floorMod,
  gelu,
  greater,
  greaterEqual,
  hardSwish,
  leakyRelu,
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
  prelu,
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

/** A function with one number that shapes it. */
function parametric(op: Operator, fallback: number): Importer {
  return (node) => node.compute(op, [node.input(0)], { alpha: node.attributes.real("alpha", fallback) });
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

function hardSigmoid(node: SourceNode): Value {
  const slope = node.scalar(node.attributes.real("alpha", 0.2));
  const offset = node.scalar(node.attributes.real("beta", 0.5));
  const line = node.compute(add, [node.compute(mul, [node.input(0), slope], plain), offset], plain);
  return node.compute(clamp, [line], { minimum: 0, maximum: 1 });
}

/** log(1 + exp(x)), as max(x, 0) + log(1 + exp(-|x|)), which can't overflow. */
function softplus(node: SourceNode): Value {
  const x = node.input(0);
  const decay = node.compute(exp, [node.compute(neg, [node.compute(abs, [x], {})], {})], {});
  const soft = node.compute(log, [node.compute(add, [decay, node.scalar(1)], plain)], {});
  return node.compute(add, [node.compute(clamp, [x], { minimum: 0, maximum: infinity }), soft], plain);
}

function softsign(node: SourceNode): Value {
  const x = node.input(0);
  const size = node.compute(add, [node.compute(abs, [x], {}), node.scalar(1)], plain);
  return node.compute(div, [x, size], plain);
}

/** Before opset 7 a vector of slopes belonged to the channels. */
function leaky(node: SourceNode): Value {
  const slope = node.input(1);
  const { shape } = slope.type;
  const isPerChannel = node.opset < 7 && shape.length === 1 && shape[0] !== 1;
  const spatial = node.shape(0).slice(2);
  const aligned = isPerChannel ? node.compute(reshape, [slope], { shape: [...shape, ...spatial.map(() => 1)] }) : slope;
  return node.compute(prelu, [node.input(0), aligned], {});
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

function modulo(node: SourceNode): Value {
  if (node.attributes.flag("fmod", false))
    node.unsupported("fmod is 1 (the remainder has the sign of the dividend)", "Use fmod 0 on integers.");
  return node.compute(floorMod, [node.input(0), node.input(1)], {});
}

function geluOf(node: SourceNode): Value {
  const approximate = node.attributes.text("approximate", "none");
  if (approximate !== "none" && approximate !== "tanh")
    node.unsupported(`approximate is ${approximate}`, "Use none or tanh.");
  return node.compute(gelu, [node.input(0)], { approximate: approximate === "tanh" });
}

function average(node: SourceNode): Value {
  const values = node.all();
  const sum = values.reduce((left, right) => node.compute(add, [left, right], plain));
  return node.compute(div, [sum, node.scalar(values.length)], plain);
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
  HardSwish: unary(hardSwish),
  Not: unary(logicalNot),
  Relu: (node) => node.compute(clamp, [node.input(0)], { minimum: 0, maximum: infinity }),
  LeakyRelu: parametric(leakyRelu, 0.01),
  Elu: parametric(elu, 1),
  PRelu: leaky,
  Reciprocal: (node) => node.compute(div, [node.scalar(1), node.input(0)], plain),
  Clip: clip,
  Gelu: geluOf,
  HardSigmoid: hardSigmoid,
  Softplus: softplus,
  Softsign: softsign,
  Add: binary(add, plain),
  Sub: binary(sub, plain),
  Mul: binary(mul, plain),
  Div: binary(div, plain),
  Pow: power,
  Mod: modulo,
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
