import { fail, Graph, type Value, type ValueType } from "@millrace/ir";
import { body } from "./attributes.ts";
import { arithmeticOperators, comparisonOperators } from "./binary.ts";
import { isCondition, mayBeSame } from "./body-types.ts";
import { defineOp, many } from "./define.ts";
import { evaluateBody } from "./evaluate-graph.ts";
import { f32 } from "./literal.ts";
import { float } from "./rules.ts";

/** Rounds after which `evaluate` gives up; engines have no such limit, since their runs can be stopped. */
const mostRounds = 100_000;

/**
 * Replaces the values by what `body` makes of them as long as `condition`, asked before each round, says true of them; they are
 * the results in the end. Both bodies have an input for each value, and `body` gives as many results of the same
 * types. A size that changes from round to round is symbolic in the bodies' inputs.
 */
export const whileOperator = defineOp({
  name: "while",
  inputs: { values: many() },
  attributes: { condition: body, body },
  quantization: float("how often it runs is decided while it does"),
  check: [
    [
      "both bodies have an input for each value, of its type",
      ({ values }, bodies) => mayBeSame(values, bodies.condition.inputs) && mayBeSame(values, bodies.body.inputs),
    ],
    [
      "the condition gives one truth value",
      (_, { condition }) => condition.outputs.length === 1 && isCondition(condition.outputs[0]),
    ],
    ["the body gives values of the types it takes", (_, bodies) => mayBeSame(bodies.body.inputs, bodies.body.outputs)],
  ],
  bodies: ({ values }, { condition, body }) => {
    const inputs = body.inputs.map((input, index) => roundType(values[index], input, body.outputs[index]));
    return [condition, body].map((graph) => ({ graph, inputs }));
  },
  infer: (_, { body }) => body.inputs.map(({ type }) => type),
  evaluate({ values }, { condition, body }) {
    let current = values;
    for (let round = 0; evaluateBody(condition, current)[0].data[0]; round++) {
      if (round === mostRounds) fail("graph.endless", `A loop still goes on after ${mostRounds} rounds.`);
      current = evaluateBody(body, current);
    }
    return current;
  },
  samples: [
    { name: "doubling up to 10", values: [3, 12] },
    { name: "no round at all", values: [12, 12] },
  ].map(({ name, values: [start, end] }) => ({
    name,
    attributes: { condition: lessThanTen(), body: doubling() },
    inputs: [f32([start])],
    outputs: [f32([end])],
  })),
});

/** The type that a value has in every round: that of the first one, but for sizes that a round changes. */
function roundType(first: Value | undefined, before: Value, after: Value | undefined): ValueType {
  if (first === undefined || after === undefined || !mayBeSame([first, before], [before, after])) return before.type;
  const [old, next] = [before.type.shape, after.type.shape];
  return { ...before.type, shape: first.type.shape.map((size, axis) => (old[axis] === next[axis] ? size : old[axis])) };
}

function lessThanTen(): Graph {
  const graph = new Graph("condition");
  const x = graph.addInput("x", { dtype: "f32", shape: [1] });
  const limit = graph.addConstant("limit", f32([10]));
  const node = graph.addNode({ op: comparisonOperators.less, inputs: [x, limit], attributes: {}, name: "goes_on" });
  graph.setOutputs(node.outputs);
  return graph;
}

function doubling(): Graph {
  const graph = new Graph("body");
  const x = graph.addInput("x", { dtype: "f32", shape: [1] });
  const attributes = { activation: "none" };
  const node = graph.addNode({ op: arithmeticOperators.add, inputs: [x, x], attributes, name: "twice" });
  graph.setOutputs(node.outputs);
  return graph;
}
