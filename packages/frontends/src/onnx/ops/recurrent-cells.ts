import type { Value } from "@millrace/ir";
import { add, linear, matmul, mul, split, sub } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { formulaOf } from "./formula.ts";
import type { Activation } from "./recurrent-activations.ts";
import { isWeights } from "./weights.ts";

/** Weights and biases that the cells of a layer share in one direction. */
export interface LayerWeights {
  readonly units: number;
  /** Weights on the hidden state [gates · units, units]; those of a candidate that sees it after a reset stand apart. */
  readonly recurrent: readonly Value[];
  /** Biases [gates · units] that belong to the product with the hidden state, where others do not hold them already. */
  readonly recurrentBias: Value | undefined;
  /** Weights on the cell state for the input, output and forget gate, each [units]. */
  readonly peepholes: readonly Value[] | undefined;
}

/** What the cells of a layer share in one direction. */
export interface Layer extends LayerWeights {
  readonly activations: readonly Activation[];
}

/** The hidden state and, for cells that have one, the cell state [batch, units]; undefined while it is zero. */
export interface State {
  readonly hidden: Value | undefined;
  readonly cell: Value | undefined;
}

/** Adds one step and gives the state after it; `sums` are what the step's data give to the gates [batch, gates · units]. */
export type Cell = (
  node: SourceNode,
  layer: Layer,
  sums: Value,
  state: State,
) => { readonly hidden: Value; readonly cell: Value | undefined };

/** x · weightsᵀ + bias for x [batch, n] and weights [m, n]. */
export function projected(node: SourceNode, x: Value, weights: Value, bias?: Value): Value {
  if ([weights, bias].every((value) => value === undefined || isWeights(node, value)))
    return node.emit(linear, [x, weights, ...(bias ? [bias] : [])], plain);
  const product = node.compute(matmul, [x, weights], { transposeA: false, transposeB: true });
  return bias ? node.compute(add, [product, bias], plain) : product;
}

/** Parts of the last axis, each as many units wide as `sizes` says. */
function parts(node: SourceNode, value: Value, units: number, ...sizes: readonly number[]): readonly Value[] {
  const axis = value.type.shape.length - 1;
  return node.computeAll(split, [value], { axis, sizes: sizes.map((size) => size * units) });
}

/** a · b, or nothing if b is zero. */
function product(node: SourceNode, a: Value, b: Value | undefined): Value | undefined {
  return b && node.compute(mul, [a, b], plain);
}

function total(node: SourceNode, first: Value, ...rest: readonly (Value | undefined)[]): Value {
  return rest.reduce<Value>((sum, term) => (term ? node.compute(add, [sum, term], plain) : sum), first);
}

/** h' = f(sums + R h). */
export const plainCell: Cell = (node, { recurrent: [weights], activations: [f] }, sums, { hidden }) => ({
  hidden: f(total(node, sums, hidden && projected(node, hidden, weights))),
  cell: undefined,
});

/** Long short-term memory, with the gates input, output, forget and candidate. */
export const longShortTermCell: Cell = (node, layer, sums, { hidden, cell }) => {
  const { units, recurrent, peepholes, activations } = layer;
  const [f, g, h] = activations;
  const all = total(node, sums, hidden && projected(node, hidden, recurrent[0]));
  if (peepholes) return cellWithPeepholes(node, layer, all, peepholes, cell);
  const [outer, candidate] = parts(node, all, units, 3, 1);
  const [input, output, forget] = parts(node, f(outer), units, 1, 1, 1);
  const of = formulaOf(node);
  const next = total(node, of(mul, input, g(candidate)), product(node, kept(node, input, forget), cell));
  return { hidden: of(mul, output, h(next)), cell: next };
};

function cellWithPeepholes(
  node: SourceNode,
  { units, activations: [f, g, h] }: Layer,
  sums: Value,
  [toInput, toOutput, toForget]: readonly Value[],
  cell: Value | undefined,
): { readonly hidden: Value; readonly cell: Value } {
  const of = formulaOf(node);
  const [input, output, forget, candidate] = parts(node, sums, units, 1, 1, 1, 1);
  const taken = f(total(node, input, product(node, toInput, cell)));
  const left = f(total(node, forget, product(node, toForget, cell)));
  const next = total(node, of(mul, taken, g(candidate)), product(node, kept(node, taken, left), cell));
  const given = f(total(node, output, product(node, toOutput, next)));
  return { hidden: of(mul, given, h(next)), cell: next };
}

/** The share of the cell state that stays; with coupled gates it is what the input gate leaves. */
function kept(node: SourceNode, input: Value, forget: Value): Value {
  return node.attributes.flag("input_forget", false) ? formulaOf(node)(sub, 1, input) : forget;
}

/**
 * Gated recurrent unit, with the gates update, reset and candidate: h' = (1 - update) · candidate + update · h, which is
 * (h - candidate) · update + candidate.
 */
export const gatedCell: Cell = (node, layer, sums, { hidden }) => {
  const { units, recurrentBias } = layer;
  const [, g] = layer.activations;
  const of = formulaOf(node);
  const [outer, inner] = parts(node, sums, units, 2, 1);
  const { update, seen } = recurrentBias
    ? resetAfter(node, layer, outer, hidden, recurrentBias)
    : resetBefore(node, layer, outer, hidden);
  const candidate = g(total(node, inner, seen));
  const next = hidden
    ? of(add, of(mul, of(sub, hidden, candidate), update), candidate)
    : of(sub, candidate, of(mul, candidate, update));
  return { hidden: next, cell: undefined };
};

interface Gated {
  readonly update: Value;
  /** What the candidate sees of the hidden state. */
  readonly seen: Value | undefined;
}

/** The candidate sees R (reset · h). */
function resetBefore(
  node: SourceNode,
  { units, recurrent: [gates, candidate], activations: [f] }: Layer,
  outer: Value,
  hidden: Value | undefined,
): Gated {
  const both = f(total(node, outer, hidden && projected(node, hidden, gates)));
  const [update, reset] = parts(node, both, units, 1, 1);
  return { update, seen: hidden && projected(node, formulaOf(node)(mul, reset, hidden), candidate) };
}

/** The candidate sees reset · (R h + bias). */
function resetAfter(
  node: SourceNode,
  { units, recurrent: [weights], activations: [f] }: Layer,
  outer: Value,
  hidden: Value | undefined,
  bias: Value,
): Gated {
  const [gates, candidate] = parts(node, hidden ? projected(node, hidden, weights, bias) : bias, units, 2, 1);
  const [update, reset] = parts(node, f(total(node, outer, gates)), units, 1, 1);
  return { update, seen: formulaOf(node)(mul, reset, candidate) };
}
