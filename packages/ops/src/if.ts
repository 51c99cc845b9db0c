import { type Dimension, Graph, tensorOf, type ValueType } from "@millrace/ir";
import { body } from "./attributes.ts";
import { isCondition, mayBeSame } from "./body-types.ts";
import { defineOp, many, one } from "./define.ts";
import { evaluateBody } from "./evaluate-graph.ts";
import { f32 } from "./literal.ts";
import { float } from "./rules.ts";
import { unaryOperators } from "./unary.ts";

/**
 * Runs one of two graphs on the values: `whenTrue` or `whenFalse`, as the condition, a single element, says. Each body has an
 * input for every value, and both have outputs of the same types, which are the results; where their sizes differ in
 * that one is known and the other symbolic, the result's is symbolic.
 */
export const ifOperator = defineOp({
  name: "if",
  inputs: { condition: one("bool"), values: many() },
  attributes: { whenTrue: body, whenFalse: body },
  quantization: float("what it computes is decided while it runs"),
  check: [
    ["the condition has one element", ({ condition }) => isCondition(condition)],
    [
      "both bodies have an input for each value, of its type",
      ({ values }, { whenTrue, whenFalse }) =>
        mayBeSame(values, whenTrue.inputs) && mayBeSame(values, whenFalse.inputs),
    ],
    [
      "both bodies give results of the same types",
      (_, { whenTrue, whenFalse }) => mayBeSame(whenTrue.outputs, whenFalse.outputs),
    ],
  ],
  bodies: ({ values }, { whenTrue, whenFalse }) =>
    [whenTrue, whenFalse].map((graph) => ({ graph, inputs: values.map(({ type }) => type) })),
  infer: (_, { whenTrue, whenFalse }) =>
    whenTrue.outputs.map(({ type }, index) => eitherType(type, whenFalse.outputs[index].type)),
  evaluate: ({ condition, values }, { whenTrue, whenFalse }) =>
    evaluateBody(condition.data[0] ? whenTrue : whenFalse, values),
  samples: [true, false].map((condition) => ({
    name: condition ? "a condition that holds" : "one that does not",
    attributes: { whenTrue: oneStep("negative", "neg"), whenFalse: oneStep("magnitude", "abs") },
    inputs: [tensorOf("bool", [1], Uint8Array.of(condition ? 1 : 0)), f32([1, -2])],
    outputs: [f32(condition ? [-1, 2] : [1, 2])],
  })),
});

function eitherType(a: ValueType, b: ValueType): ValueType {
  const either = (size: Dimension, other: Dimension) => (typeof size === "string" ? size : other);
  return { ...a, shape: a.shape.map((size, axis) => either(size, b.shape[axis])) };
}

function oneStep(name: string, op: "neg" | "abs"): Graph {
  const graph = new Graph(name);
  const x = graph.addInput("x", { dtype: "f32", shape: [2] });
  graph.setOutputs(graph.addNode({ op: unaryOperators[op], inputs: [x], attributes: {}, name: "y" }).outputs);
  return graph;
}
