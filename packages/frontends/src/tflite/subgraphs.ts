import { deepestNesting, Graph, sameQuantization, type Value } from "@millrace/ir";
import { type OpName, operators } from "@millrace/ops";
import { allInputs, type Call, invalid, neededOptions, refuse, type Scope, valueAt } from "./call.ts";
import { define } from "./emit.ts";
import { takes } from "./importer.ts";
import { tensorName, typeOf } from "./tensors.ts";

const most = 1 << 16;
const hint = "Export the model with loops and conditions that are less entangled.";

/** CALL: the subgraph's operators in the place of the call. */
export const inlineCall = takes(0, most, (call) => inline(call, neededOptions(call, "CallOptions").subgraph));

/** STABLEHLO_COMPOSITE: the operators that it is said to consist of. */
export const inlineComposite = takes(0, most, (call) => {
  const options = call.stored.builtinOptions2;
  if (options?.kind !== "StableHLOCompositeOptions") return invalid(call, "its options are missing");
  return inline(call, options.decompositionSubgraphIndex);
});

function inline(call: Call, subgraph: number): void {
  const scope = enter(call, subgraph, call.scope.graph);
  const { inputs, outputs } = scope.subgraph;
  const values = operandsOf(call);
  checkCounts(call, scope, values.length, call.stored.outputs.length);
  for (const [position, index] of inputs.entries()) scope.values[index] = checked(call, scope, index, values[position]);
  scope.importOperators(scope);
  for (const [position, index] of outputs.entries()) define(call, position, valueAt(scope, index));
}

/** IF: two bodies; what is constant is so in them too. */
export const branch = takes(1, most, (call) => {
  const { thenSubgraphIndex, elseSubgraphIndex } = neededOptions(call, "IfOptions");
  const [condition, ...values] = operandsOf(call);
  const [whenTrue, whenFalse] = [thenSubgraphIndex, elseSubgraphIndex].map((index) =>
    bodyOf(call, index, values, call.stored.outputs.length, () => true),
  );
  control(call, "if", [condition, ...values], { whenTrue, whenFalse });
});

/** WHILE: a condition and a body; what is constant and never changes is so in them too. */
export const loop = takes(0, most, (call) => {
  const { condSubgraphIndex, bodySubgraphIndex } = neededOptions(call, "WhileOptions");
  const values = operandsOf(call);
  const { inputs = [], outputs = [] } = call.scope.model.subgraphs[bodySubgraphIndex] ?? {};
  const stays = (position: number) => inputs[position] === outputs[position];
  const condition = bodyOf(call, condSubgraphIndex, values, 1, stays);
  const body = bodyOf(call, bodySubgraphIndex, values, values.length, stays);
  control(call, "while", values, { condition, body });
});

/** A subgraph as a graph of its own, whose inputs have the types of the values. `stays` tells which of them can be made constant. */
function bodyOf(
  call: Call,
  subgraph: number,
  values: readonly Value[],
  results: number,
  stays: (position: number) => boolean,
): Graph {
  const scope = enter(call, subgraph, new Graph(call.scope.model.subgraphs[subgraph]?.name || `subgraph_${subgraph}`));
  const { graph } = scope;
  checkCounts(call, scope, values.length, results);
  for (const [position, index] of scope.subgraph.inputs.entries()) {
    const { type, constant } = checked(call, scope, index, values[position]);
    const name = tensorName(scope.subgraph.tensors[index], index);
    const input = graph.addInput(name, type);
    scope.values[index] =
      constant && stays(position) ? graph.addConstant(`${name}_constant`, constant, type.quantization) : input;
  }
  scope.importOperators(scope);
  if (scope.states.size > 0 || scope.variables.current.size > 0)
    refuse(call, "tflite.variable", "a subgraph that it runs keeps values from run to run", hint);
  graph.setOutputs(scope.subgraph.outputs.map((index) => valueAt(scope, index)));
  return graph;
}

function control(call: Call, op: OpName, inputs: readonly Value[], bodies: Readonly<Record<string, Graph>>): void {
  const operator = operators.get(op)!;
  const problems = operator.check(inputs, bodies);
  if (problems.length > 0) refuse(call, "tflite.subgraphs", problems.join("; "), hint);
  const outputNames = call.stored.outputs.map((index) => tensorName(call.scope.subgraph.tensors[index], index));
  const node = call.scope.graph.addNode({
    op: operator,
    inputs,
    attributes: bodies,
    name: call.name,
    origin: [call.name],
    outputNames,
  });
  for (const [position, output] of node.outputs.entries()) define(call, position, output);
}

/** The operands of an operator that runs subgraphs, none of which is a handle of a variable. */
function operandsOf(call: Call): readonly Value[] {
  const { stored, scope } = call;
  if (stored.inputs.some((index) => scope.variables.handles.has(index)))
    refuse(
      call,
      "tflite.variable",
      "it hands a variable to a subgraph",
      "Keep variables out of loops, branches and calls.",
    );
  return allInputs(call);
}

/** A scope for another subgraph, unless it contains itself, stands too deep or has been imported too often. */
function enter(call: Call, index: number, graph: Graph): Scope {
  const { scope } = call;
  const subgraph = scope.model.subgraphs[index] ?? invalid(call, `subgraph ${index} is missing`);
  const path = [...scope.path, scope.subgraph];
  if (path.includes(subgraph)) invalid(call, `subgraph ${index} runs itself`);
  if (path.length > deepestNesting) refuse(call, "tflite.subgraphs", "subgraphs run each other too deep", hint);
  scope.budget.operators -= subgraph.operators.length + subgraph.inputs.length + subgraph.outputs.length + 1;
  if (scope.budget.operators < 0) refuse(call, "tflite.subgraphs", "the subgraphs are repeated too often", hint);
  scope.reached.add(subgraph);
  const variables = { handles: new Map(), inputs: new Map(), current: new Map(), initial: new Map() };
  const inner = { subgraph, graph, path, values: [], adapted: new Map() };
  if (graph === scope.graph) return { ...scope, ...inner, variables: { ...scope.variables, handles: new Map() } };
  return { ...scope, ...inner, states: new Map(), variables };
}

function checkCounts(call: Call, { subgraph }: Scope, inputs: number, outputs: number): void {
  if (subgraph.inputs.length === inputs && subgraph.outputs.length === outputs) return;
  const counts = `${subgraph.inputs.length} inputs and ${subgraph.outputs.length} outputs`;
  invalid(call, `the subgraph "${subgraph.name ?? ""}" has ${counts} instead of ${inputs} and ${outputs}`);
}

/** The value, if the subgraph's tensor takes it as it is. */
function checked(call: Call, { subgraph, values }: Scope, index: number, value: Value): Value {
  const name = tensorName(subgraph.tensors[index], index);
  if (values[index]) invalid(call, `the subgraph's input "${name}" is listed twice`);
  const { dtype, quantization } = typeOf(subgraph.tensors[index], name);
  if (dtype !== value.type.dtype || !sameQuantization(quantization, value.type.quantization))
    invalid(call, `"${value.name}" is of another type than "${name}", for which it is given to a subgraph`);
  return value;
}
