import { elementCount, fromNumbers, type Operator, type Value } from "@millrace/ir";
import {
  abs,
  add,
  argMax,
  cast,
  clamp,
  div,
  elu,
  equal,
  exp,
  gelu,
  greater,
  hardSwish,
  leakyRelu,
  less,
  log,
  mish,
  mul,
  neg,
  prelu,
  reshape,
  select,
  sigmoid,
  sub,
} from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { type Formula, formulaOf } from "./formula.ts";
import { functionOf } from "./hyperbolic.ts";
import { reshaped } from "./weights.ts";

const infinity = Number.POSITIVE_INFINITY;

/** A function with one number that shapes it. */
function parametric(op: Operator, fallback: number): Importer {
  return (node) => node.compute(op, [node.input(0)], { alpha: node.attributes.real("alpha", fallback) });
}

/** A formula with the attribute alpha in it. */
function withAlpha(fallback: number, write: (of: Formula, x: Value, alpha: number) => Value): Importer {
  return (node) => write(formulaOf(node), node.input(0), node.attributes.real("alpha", fallback));
}

function hardSigmoid(node: SourceNode): Value {
  const of = formulaOf(node);
  const [slope, offset] = [node.attributes.real("alpha", 0.2), node.attributes.real("beta", 0.5)];
  const line = of(add, of(mul, node.input(0), slope), offset);
  return node.compute(clamp, [line], { minimum: 0, maximum: 1 });
}

/** log(1 + exp(x)), as max(x, 0) + log(1 + exp(-|x|)), which can't overflow. */
function softplus(node: SourceNode): Value {
  const of = formulaOf(node);
  const x = node.input(0);
  const soft = of(log, of(add, of(exp, of(neg, of(abs, x))), 1));
  return of(add, node.compute(clamp, [x], { minimum: 0, maximum: infinity }), soft);
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

/** gamma · elu(x). */
function scaledElu(node: SourceNode): Value {
  const { attributes } = node;
  const alpha = attributes.real("alpha", 1.6732631921768188);
  const gamma = attributes.real("gamma", 1.0507010221481323);
  return formulaOf(node)(mul, node.compute(elu, [node.input(0)], { alpha }), gamma);
}

/** An exponential below zero whose slope at zero is 1 for every alpha. */
function continuousElu(node: SourceNode): Value {
  const of = formulaOf(node);
  const alpha = node.attributes.real("alpha", 1);
  return of(mul, node.compute(elu, [of(div, node.input(0), alpha)], { alpha: 1 }), alpha);
}

/** Numbers beyond ±lambd moved towards zero by bias; zero between. */
function shrink(node: SourceNode): Value {
  const of = formulaOf(node);
  const [bias, lambda] = [node.attributes.real("bias", 0), node.attributes.real("lambd", 0.5)];
  const x = node.input(0);
  const upper = of(select, of(greater, x, lambda), of(sub, x, bias), 0);
  return of(select, of(less, x, -lambda), of(add, x, bias), upper);
}

function approximation(node: SourceNode): boolean {
  const approximate = node.attributes.text("approximate", "none");
  if (approximate !== "none" && approximate !== "tanh")
    node.unsupported(`approximate is ${approximate}`, "Use none or tanh.");
  return approximate === "tanh";
}

/** GELU of the input and, where there is one, the vector added to it. */
function biasedGelu(approximate: boolean): Importer {
  return (node) => {
    const x = node.has(1) ? formulaOf(node)(add, node.input(0), node.input(1)) : node.input(0);
    return node.compute(gelu, [x], { approximate });
  };
}

/** x · σ(alpha · x). */
function swish(of: Formula, x: Value, alpha: number): Value {
  return of(mul, x, of(sigmoid, alpha === 1 ? x : of(mul, x, alpha)));
}

/** 1 at the first greatest element along an axis and 0 elsewhere; before opset 13 along all axes from `axis` on as one. */
function hardmax(node: SourceNode): Value {
  const x = node.input(0);
  const { shape } = x.type;
  const isJoint = node.opset < 13;
  const axis = node.axis(node.attributes.integer("axis", isJoint ? 1 : -1), shape.length);
  if (!isJoint) return greatestMarked(node, x, axis);
  const matrix = [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))];
  return reshaped(node, greatestMarked(node, reshaped(node, x, matrix), 1), shape);
}

function greatestMarked(node: SourceNode, x: Value, axis: number): Value {
  const { shape, dtype } = x.type;
  const size = shape[axis];
  if (typeof size === "string")
    return node.unsupported(`the size ${size} of its axis is open`, `Give the size of ${size}.`);
  const places = shape.map((_, at) => (at === axis ? size : 1));
  const counting = node.constant(
    fromNumbers(
      "i32",
      places,
      Array.from({ length: size }, (_, index) => index),
    ),
  );
  const greatest = node.compute(argMax, [x], { axis, keepDims: true, to: "i32" });
  return node.compute(cast, [formulaOf(node)(equal, counting, greatest)], { to: dtype });
}

/** Activation functions. */
export const activations: Readonly<Record<string, Importer>> = {
  Relu: (node) => node.compute(clamp, [node.input(0)], { minimum: 0, maximum: infinity }),
  LeakyRelu: parametric(leakyRelu, 0.01),
  Elu: parametric(elu, 1),
  PRelu: leaky,
  Selu: scaledElu,
  Celu: continuousElu,
  ThresholdedRelu: withAlpha(1, (of, x, alpha) => of(select, of(greater, x, alpha), x, 0)),
  Shrink: shrink,
  HardSwish: (node) => node.compute(hardSwish, [node.input(0)], {}),
  HardSigmoid: hardSigmoid,
  Softplus: softplus,
  Softsign: functionOf((of, x) => of(div, x, of(add, of(abs, x), 1))),
  Gelu: (node) => node.compute(gelu, [node.input(0)], { approximate: approximation(node) }),
  Mish: (node) => node.compute(mish, [node.input(0)], {}),
  Swish: withAlpha(1, swish),
  SwiGLU: (node) => {
    const of = formulaOf(node);
    return of(mul, swish(of, node.input(0), node.attributes.real("alpha", 1)), node.input(1));
  },
  Hardmax: hardmax,
  "com.microsoft.Gelu": biasedGelu(false),
  "com.microsoft.BiasGelu": biasedGelu(false),
  "com.microsoft.FastGelu": biasedGelu(true),
  "com.microsoft.QuickGelu": withAlpha(1.702, swish),
};
