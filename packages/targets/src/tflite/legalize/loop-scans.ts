import { type Attributes, fromNumbers, Graph, type Node, type Operator, type Value } from "@millrace/ir";
import {
  add,
  concat,
  dynamicUpdateSlice,
  expand,
  gather,
  less,
  reshape,
  type ScanAttributes,
  scan,
  sub,
  whileOperator,
} from "@millrace/ops";
import { inlineGraph, type Pass } from "@millrace/passes";

/**
 * TFLite has no scans: a loop counts the steps, picks each step's slices out of the sequences and puts its items into tensors that
 * go around with the states. Sequences of an unknown number of steps are left as they are.
 */
export const loopScans: Pass = {
  name: "tflite-loop-scans",
  run(graph) {
    const scans = [...graph.nodes()].filter((node) => node.op === scan && typeof stepsOf(node) === "number");
    for (const node of scans) putLoop(graph, node, stepsOf(node) as number);
    return scans.length;
  },
};

function stepsOf(node: Node) {
  const { states, axis } = scan.attributesOf(node);
  return node.inputs[states]!.type.shape[axis];
}

function putLoop(graph: Graph, node: Node, steps: number): void {
  const { states } = scan.attributesOf(node);
  const { name, origin } = node;
  const values = node.inputs as readonly Value[];
  const start = graph.addConstant(`${name}/start`, integers([], [0]));
  const stacks = node.outputs.slice(states).map(({ name, type: { dtype, shape } }) => {
    const inputs = [graph.addConstant(`${name}/zero`, fromNumbers(dtype, [], [0]))];
    return graph.addNode({ op: expand, inputs, attributes: { shape }, name: `${name}/room`, origin, before: node })
      .outputs[0];
  });
  const inputs = [start, ...values, ...stacks];
  const attributes = { condition: conditionOf(inputs, steps), body: bodyOf(node, inputs, steps) };
  const loop = graph.addNode({ op: whileOperator, inputs, attributes, name, origin, before: node });
  const made = [...loop.outputs.slice(1, 1 + states), ...loop.outputs.slice(1 + values.length)];
  const names = node.outputs.map((output) => output.name);
  for (const [index, output] of node.outputs.entries()) graph.replaceUses(output, made[index]);
  graph.removeNode(node);
  for (const [index, output] of made.entries()) graph.rename(output, names[index]);
}

function conditionOf(values: readonly Value[], steps: number): Graph {
  const graph = new Graph("condition");
  const [counter] = values.map(({ name, type }) => graph.addInput(name, type));
  const limit = graph.addConstant("steps", integers([], [steps]));
  graph.setOutputs(graph.addNode({ op: less, inputs: [counter, limit], attributes: {}, name: "goes_on" }).outputs);
  return graph;
}

function bodyOf(node: Node, values: readonly Value[], steps: number): Graph {
  const { body, states, sequences, axis, reverse } = scan.attributesOf(node) as ScanAttributes;
  const graph = new Graph(body.name);
  const inputs = values.map(({ name, type }) => graph.addInput(name, type));
  const { origin } = node;
  const step = (name: string, op: Operator, inputs: readonly Value[], attributes: Attributes) =>
    graph.addNode({ op, inputs, attributes, name, origin }).outputs[0];
  const counter = inputs[0];
  const own = inputs.slice(1, 1 + body.inputs.length);
  const last = graph.addConstant("last", integers([], [steps - 1]));
  const place = reverse ? step("place", sub, [last, counter], plain) : counter;
  const taken = own.map((value, index) =>
    index < states || index >= states + sequences ? value : step("slice", gather, [value, place], { axis }),
  );
  const next = step("next", add, [counter, graph.addConstant("one", integers([], [1]))], plain);
  const results = inlineGraph(graph, body, taken);
  const stacked = results.slice(states).map((item, index) => {
    const stack = inputs[1 + body.inputs.length + index];
    const { shape } = item.type;
    const row = step("row", reshape, [item], { shape: shape.toSpliced(axis, 0, 1) });
    const at = step("at", reshape, [place], { shape: [1] });
    const zeros = (count: number) =>
      count === 0 ? [] : [graph.addConstant("zeros", integers([count], new Array<number>(count).fill(0)))];
    const parts = [...zeros(axis), at, ...zeros(shape.length - axis)];
    const starts = parts.length === 1 ? at : step("starts", concat, parts, { axis: 0 });
    return step("stacked", dynamicUpdateSlice, [stack, row, starts], {});
  });
  graph.setOutputs([next, ...results.slice(0, states), ...own.slice(states), ...stacked]);
  return graph;
}

const plain = { activation: "none" } as const;

function integers(shape: readonly number[], numbers: readonly number[]) {
  return fromNumbers("i32", shape, numbers);
}
