import {
  DiagnosticError,
  elementCount,
  type Graph,
  isStatic,
  type Node,
  type Operator,
  type Tensor,
} from "@millrace/ir";
import { removeNodes } from "./edit.ts";
import type { Pass } from "./pass.ts";
import { isRefusal, type Refusal, refuse } from "./rewrite.ts";

/** Results larger than this many elements are folded only if they are not larger than what they are made of. */
const generousElements = 1 << 16;
/** Elements that all such results may have together. */
const generousTotal = 1 << 24;
/** Steps that are always allowed, where one is an element read or written or a multiplication, and how many more each element of a constant allows. */
const freeSteps = 2 ** 28;
const stepsForElement = 16;

interface Budget {
  growth: number;
  steps: number;
}

interface Foldable {
  readonly node: Node;
  readonly evaluate: NonNullable<Operator["evaluate"]>;
  readonly growth: number;
  readonly steps: number;
}

/**
 * Computes nodes whose inputs are all constants and stand for no quantized reals. The work and the size of what it adds are limited,
 * whatever the graph holds: nodes beyond the limits stay and are noted.
 */
export const foldConstants: Pass = {
  name: "fold-constants",
  run(graph, context) {
    const budget: Budget = { growth: generousTotal, steps: freeSteps + stepsForElement * constantElements(graph) };
    let changes = 0;
    for (const node of graph.nodes()) {
      const found = foldable(node, budget);
      const results = found && (isRefusal(found) ? found : computed(found, budget));
      if (results === undefined) continue;
      if (isRefusal(results)) {
        context.note({ pass: this.name, node: node.name, message: results.refused });
        continue;
      }
      replaceByConstants(graph, node, results);
      changes++;
    }
    return changes;
  },
  examples: [
    {
      name: "a table that is computed from constants; the output keeps its name",
      before: `
        input x: f32[2]
        constant a: f32[2] = [1, 2]
        b: f32[2] = add(a, a) {activation=none}
        c: f32[2] = square(b)
        y: f32[2] = mul(x, c) {activation=none}
        output y
        output c as table`,
      after: `
        input x: f32[2]
        constant c: f32[2] = [4, 16]
        y: f32[2] = mul(x, c) {activation=none}
        output y
        output c as table`,
    },
    {
      name: "a result that is much larger than what it is made of",
      before: `
        constant a: f32[1] = [1]
        y: f32[70000] = expand(a) {shape=[70000]}
        output y`,
      noted: "its result would be much larger than the constants it is made of",
    },
    {
      name: "an index that is out of range",
      before: `
        constant a: f32[2] = [1, 2]
        constant i: i32[1] = [7]
        y: f32[1] = gather(a, i) {axis=0}
        output y`,
      noted: "gather reads index 7 of an axis of size 2.",
    },
    {
      name: "a part whose place is not known yet",
      before: `
        constant a: f32[2] = [1, 2]
        y: f32[1] = slice(a) {starts=[N], sizes=[1], steps=[1]}
        output y`,
    },
    {
      name: "integers that stand for real numbers",
      before: `
        constant a: i8[2]<scale=[1], zeroPoint=[0]> = [1, 2]
        y: f32[2] = dequantize(a)
        output y`,
    },
  ],
};

function constantElements(graph: Graph): number {
  const tensors = new Set<Tensor>();
  for (const { inputs } of graph.nodes()) {
    for (const value of inputs) if (value?.constant) tensors.add(value.constant);
  }
  return [...tensors].reduce((sum, { data }) => sum + data.length, 0);
}

function foldable(node: Node, { growth, steps }: Budget): Foldable | Refusal | undefined {
  const { op, inputs, outputs, attributes } = node;
  if (op.evaluate === undefined || op.bodies !== undefined || inputs.length === 0) return undefined;
  if (!inputs.every((value) => value === undefined || (value.constant && !value.type.quantization))) return undefined;
  if (outputs.some(({ type }) => type.quantization || !isStatic(type.shape))) return undefined;
  const open = Object.values(attributes).some(
    (attribute) => Array.isArray(attribute) && attribute.some((size) => typeof size === "string"),
  );
  if (open) return undefined;
  const source = inputs.reduce((count, value) => count + (value?.constant?.data.length ?? 0), 0);
  const result = outputs.reduce((count, { type }) => count + (elementCount(type.shape) as number), 0);
  const added = Math.max(0, result - source);
  if (added > 0 && (result > generousElements || added > growth))
    return refuse("its result would be much larger than the constants it is made of");
  const work = source + result + op.cost(inputs, outputs, attributes).macs;
  if (work > steps) return refuse("it would take too long to compute it ahead");
  return { node, evaluate: op.evaluate, growth: added, steps: work };
}

function computed({ node, evaluate, growth, steps }: Foldable, budget: Budget): readonly Tensor[] | Refusal {
  const { inputs, outputs, attributes } = node;
  budget.growth -= growth;
  budget.steps -= steps;
  try {
    return evaluate(
      inputs.map((value) => value?.constant),
      attributes,
      outputs.map(({ type }) => type),
      inputs.map((value) => value?.type),
    );
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return refuse(error.diagnostics.map(({ message }) => message).join(" "));
  }
}

function replaceByConstants(graph: Graph, node: Node, results: readonly Tensor[]): void {
  const names = node.outputs.map(({ name }) => name);
  const constants = results.map((tensor, index) => graph.addConstant(`${names[index]}_folded`, tensor));
  for (const [index, output] of node.outputs.entries()) graph.replaceUses(output, constants[index]);
  removeNodes(graph, [node]);
  for (const [index, constant] of constants.entries()) graph.rename(constant, names[index]);
}
