import type { Operator, Value } from "@millrace/ir";
import {
  abs,
  add,
  clamp,
  div,
  elu,
  exp,
  greater,
  leakyRelu,
  log,
  mul,
  neg,
  select,
  sigmoid,
  tanh,
} from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";

/** A function of each element of x; its defaults of alpha and beta tell which of them it has. */
interface Shape {
  readonly alpha?: number;
  readonly beta?: number;
  apply(node: SourceNode, x: Value, alpha: number, beta: number): Value;
}

const infinity = Number.POSITIVE_INFINITY;

function unary(op: Operator): Shape {
  return { apply: (node, x) => node.compute(op, [x], {}) };
}

/** Functions by name in small letters. */
const functions: Readonly<Record<string, Shape>> = {
  relu: { apply: (node, x) => node.compute(clamp, [x], { minimum: 0, maximum: infinity }) },
  tanh: unary(tanh),
  sigmoid: unary(sigmoid),
  affine: {
    alpha: 1,
    beta: 0,
    apply(node, x, alpha, beta) {
      const of = formulaOf(node);
      return of(add, of(mul, x, alpha), beta);
    },
  },
  leakyrelu: { alpha: 0.01, apply: (node, x, alpha) => node.compute(leakyRelu, [x], { alpha }) },
  thresholdedrelu: {
    alpha: 1,
    apply(node, x, alpha) {
      const of = formulaOf(node);
      return of(select, of(greater, x, alpha), x, 0);
    },
  },
  scaledtanh: {
    alpha: 1,
    beta: 1,
    apply(node, x, alpha, beta) {
      const of = formulaOf(node);
      return of(mul, of(tanh, of(mul, x, beta)), alpha);
    },
  },
  hardsigmoid: {
    alpha: 0.2,
    beta: 0.5,
    apply(node, x, alpha, beta) {
      const of = formulaOf(node);
      return node.compute(clamp, [of(add, of(mul, x, alpha), beta)], { minimum: 0, maximum: 1 });
    },
  },
  elu: { alpha: 1, apply: (node, x, alpha) => node.compute(elu, [x], { alpha }) },
  softsign: {
    apply(node, x) {
      const of = formulaOf(node);
      return of(div, x, of(add, of(abs, x), 1));
    },
  },
  softplus: {
    apply(node, x) {
      const of = formulaOf(node);
      const soft = of(log, of(add, of(exp, of(neg, of(abs, x))), 1));
      return of(add, node.compute(clamp, [x], { minimum: 0, maximum: infinity }), soft);
    },
  },
};

export type Activation = (x: Value) => Value;

/** An activation whose nodes are added by a node of the graph they belong to. */
export type ActivationAt = (node: SourceNode) => Activation;

/**
 * The activations of each direction as the attributes say; `defaults` are those of one direction. The functions that have an alpha or a
 * beta take them in order from the attributes' lists. What enters a gate is kept within ±clip first if there is one; like onnxruntime
 * this leaves the third activation alone, which looks at the cell state.
 */
export function activationsOf(
  node: SourceNode,
  defaults: readonly string[],
  directions: number,
): readonly (readonly ActivationAt[])[] {
  const { attributes } = node;
  const each = defaults.length;
  const names = attributes.texts("activations") ?? new Array<readonly string[]>(directions).fill(defaults).flat();
  if (names.length !== directions * each) node.invalid(`it has ${names.length} activations, not ${directions * each}`);
  const [alphas, betas] = ["activation_alpha", "activation_beta"].map((name) => [...(attributes.reals(name) ?? [])]);
  const clip = attributes.real("clip", 0);
  const all = names.map((name, index): ActivationAt => {
    const known = Object.hasOwn(functions, name.toLowerCase()) ? functions[name.toLowerCase()] : undefined;
    if (known === undefined) return node.unsupported(`the activation ${name} is not known`, "Use one that ONNX names.");
    const alpha = known.alpha === undefined ? 0 : (alphas.shift() ?? known.alpha);
    const beta = known.beta === undefined ? 0 : (betas.shift() ?? known.beta);
    return (at) => (x) => known.apply(at, index % each < 2 ? clipped(at, x, clip) : x, alpha, beta);
  });
  return Array.from({ length: directions }, (_, index) => all.slice(index * each, (index + 1) * each));
}

function clipped(node: SourceNode, x: Value, clip: number): Value {
  return clip > 0 ? node.compute(clamp, [x], { minimum: -clip, maximum: clip }) : x;
}
