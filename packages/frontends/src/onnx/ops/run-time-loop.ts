import type { OnnxGraph } from "@millrace/formats/onnx";
import { type Attributes, fail, fromNumbers, Graph, type Operator, scalarOf, type Value } from "@millrace/ir";
import { add, concat, dynamicUpdateSlice, expand, less, logicalAnd, reshape, whileOperator } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";

const hint = "Export the model with fixed shapes, so that the number of steps is a constant.";

/**
 * A loop whose end is known only while it runs. What goes around are the number of the step, the condition, the states, what the body
 * takes from around it, tensors that each step puts its results into, and the greatest number of steps where it is no constant.
 */
export function runTimeLoop(node: SourceNode, body: OnnxGraph): readonly (Value | undefined)[] {
  const states = node.inputs.slice(2).map((_, index) => node.input(2 + index));
  const goesOn = node.optional(1) ?? node.scalar(1, "bool");
  const first = [node.scalar(0, "i64"), goesOn, ...states];
  const { graph, captured } = node.body(
    body,
    first.map(({ type }) => type),
  );
  const [condition, ...results] = graph.outputs;
  const [counter, before] = graph.inputs;
  const kept = graph.inputs.slice(first.length);
  const wanted = [...results.keys()].filter((index) => index >= states.length && node.wants(index));
  const gathered = wanted.map((index) => results[index]);
  const collections = gathered.map((item) => collectionOf(node, item, condition === before || isTrue(condition)));
  const places = collections.map(({ type }, index) => graph.addInput(`collection_${index}`, type));
  const limits = limitOf(node);
  const limitInputs = limits.map(({ type }) => graph.addInput("limit", type));
  graph.setOutputs([
    computed(graph, "next", add, [counter, constantOf(graph, [], [1])], plain),
    condition,
    ...results.slice(0, states.length),
    ...kept,
    ...places.map((place, index) => placed(graph, place, gathered[index], counter)),
    ...limitInputs,
  ]);
  const all = [...first, ...captured, ...collections, ...limits];
  const last = node.emitAll(whileOperator, all, { condition: conditionOf(node, graph), body: graph });
  const collected = last.slice(first.length + captured.length);
  return results.map((_, index) => (index < states.length ? last[2 + index] : collected[wanted.indexOf(index)]));
}

function isTrue({ constant }: Value): boolean {
  return constant !== undefined && scalarOf(constant) !== 0;
}

/** The number of steps if it is computed while the model runs. */
function limitOf(node: SourceNode): readonly Value[] {
  const limit = node.optional(0);
  return limit && !node.isConstant(limit) ? [limit] : [];
}

/** Room for what all steps give to one result. */
function collectionOf(node: SourceNode, { type }: Value, isEndless: boolean): Value {
  const count = node.optional(0);
  const start = node.optional(1);
  const isWhole = isEndless && (start === undefined || isTrue(start));
  if (!isWhole || count === undefined || !node.isConstant(count))
    return fail(
      "onnx.unsupported-control-flow",
      "it collects what its steps give, and how many there are depends on data",
      { hint },
    );
  const shape = [scalarOf(node.tensor(0)), ...type.shape];
  return node.emit(expand, [node.scalar(0, type.dtype)], { shape });
}

/** The collection with an item at the place of this step. */
function placed(graph: Graph, collection: Value, item: Value, counter: Value): Value {
  const row = computed(graph, "row", reshape, [item], { shape: [1, ...item.type.shape] });
  const place = computed(graph, "place", reshape, [counter], { shape: [1] });
  const { length } = item.type.shape;
  const start = length === 0 ? place : computed(graph, "start", concat, [place, zeros(graph, length)], { axis: 0 });
  return computed(graph, "collected", dynamicUpdateSlice, [collection, row, start], {});
}

function zeros(graph: Graph, count: number): Value {
  return constantOf(graph, [count], new Array<number>(count).fill(0));
}

/** The graph that says whether there is another step. */
function conditionOf(node: SourceNode, body: Graph): Graph {
  const graph = new Graph("condition");
  const [counter, goesOn, ...others] = body.inputs.map(({ name, type }) => graph.addInput(name, type));
  if (!node.has(0)) {
    graph.setOutputs([goesOn]);
    return graph;
  }
  const limit = limitOf(node).length > 0 ? others.at(-1)! : constantOf(graph, [], node.numbers(0));
  const isBelow = computed(graph, "is_below", less, [counter, limit], {});
  graph.setOutputs([computed(graph, "goes_on", logicalAnd, [goesOn, isBelow], {})]);
  return graph;
}

function constantOf(graph: Graph, shape: readonly number[], numbers: readonly number[]): Value {
  return graph.addConstant("constant", fromNumbers("i64", shape, numbers));
}

function computed(graph: Graph, name: string, op: Operator, inputs: readonly Value[], attributes: Attributes): Value {
  return graph.addNode({ op, inputs, attributes, name }).outputs[0];
}
