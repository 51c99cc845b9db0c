import { type Dimension, divideDimensions, type Value } from "@millrace/ir";
import { add, exp, matmul, mul, sub } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { groupedProduct } from "./attention-core.ts";
import { formulaOf } from "./formula.ts";
import { slicesAlong, stackedAlong, stepsAlong } from "./steps.ts";
import { reshaped } from "./weights.ts";

/** Nodes that a step is written out as, about. */
const nodesOfStep = 12;

/** What each rule does with the state before it adds a key's value: fade it, and see what it holds for the key already. */
const rules: ReadonlyMap<string, { readonly fades: boolean; readonly corrects: boolean }> = new Map([
  ["linear", { fades: false, corrects: false }],
  ["gated", { fades: true, corrects: false }],
  ["delta", { fades: false, corrects: true }],
  ["gated_delta", { fades: true, corrects: true }],
]);

/** One step's data for each head: rows of the query and the value, the key as a column, and factors. */
interface Step {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  readonly fading: Value | undefined;
  readonly rate: Value | undefined;
}

/**
 * Attention without softmax, step by step over a state S [batch, heads, key size, value size]: S' = fading · S + k (rate · (v - kᵀ fading · S))ᵀ,
 * where rules without a correction leave out the difference and the rate, and the result is scale · q S'.
 */
function linearAttention(node: SourceNode): readonly Value[] {
  const { attributes } = node;
  const name = attributes.text("update_rule", "gated_delta");
  const rule = rules.get(name) ?? node.invalid(`update_rule is ${name}`);
  const steps = stepsAlong(node, node.input(0), 1, nodesOfStep);
  if (steps === 0) node.unsupported("its sequence is empty", "Give it one step at least.");
  attributes.ignore("chunk_size");
  const { query, key, value, fading, rate } = dataOf(node, rule);
  const results: Value[] = [];
  let state = node.has(3) ? node.input(3) : undefined;
  for (let at = 0; at < steps; at++) {
    const step = { query: query[at], key: key[at], value: value[at], fading: fading?.[at], rate: rate?.[at] };
    state = stateAfter(node, step, state);
    results.push(groupedProduct(node, step.query, state, false));
  }
  const [batch, heads, , size] = results[0].type.shape;
  const width = (heads as number) * (size as number);
  return [reshaped(node, stackedAlong(node, results, 1), [batch, steps, width]), state!];
}

function stateAfter(node: SourceNode, { key, value, fading, rate }: Step, state: Value | undefined): Value {
  const of = formulaOf(node);
  const faded = state && fading ? of(mul, state, fading) : state;
  const held = faded && rate && node.compute(matmul, [key, faded], { transposeA: true, transposeB: false });
  const missing = held ? of(sub, value, held) : value;
  const written = of(mul, key, rate ? of(mul, rate, missing) : missing);
  return faded ? of(add, faded, written) : written;
}

/** The inputs of all steps, parted among the heads. */
function dataOf(node: SourceNode, { fades, corrects }: { readonly fades: boolean; readonly corrects: boolean }) {
  const { attributes } = node;
  const [queryHeads, heads] = [attributes.integer("q_num_heads"), attributes.integer("kv_num_heads")];
  const size = divideDimensions(node.shape(0)[2], queryHeads);
  if (typeof size !== "number") return node.unsupported(`the size ${size} of a head is open`, `Give ${size}.`);
  const scale = attributes.real("scale", 0) || 1 / Math.sqrt(size);
  const of = formulaOf(node);
  return {
    query: stepsOf(node, of(mul, node.input(0), scale), queryHeads, (width) => [1, width]),
    key: stepsOf(node, node.input(1), heads, (width) => [width, 1]),
    value: stepsOf(node, node.input(2), heads, (width) => [1, width]),
    fading: fades ? stepsOf(node, of(exp, node.input(4)), heads, (width) => [width, 1]) : undefined,
    rate: corrects ? stepsOf(node, node.input(5), node.shape(5)[2] as number, () => [1, 1]) : undefined,
  };
}

/** Data [batch, length, heads · width] step by step, each [batch, heads, …form(width)]. */
function stepsOf(
  node: SourceNode,
  value: Value,
  heads: number,
  form: (width: Dimension) => readonly Dimension[],
): readonly Value[] {
  const [batch, length, width] = value.type.shape;
  if (heads <= 0 || (typeof width === "number" && width % heads !== 0))
    return node.invalid(`"${value.name}" has ${width} numbers in a step, which ${heads} heads can't share`);
  const parted = reshaped(node, value, [batch, length, heads, ...form(divideDimensions(width, heads))]);
  return slicesAlong(node, parted, 1);
}

export const linearAttentions: Readonly<Record<string, Importer>> = { LinearAttention: linearAttention };
