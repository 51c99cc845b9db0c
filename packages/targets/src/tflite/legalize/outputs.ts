import type { DType, Graph, Operator, Value } from "@millrace/ir";
import * as ops from "@millrace/ops";
import type { Pass } from "@millrace/passes";

/**
 * Gives a file outputs of its own, each made by an operator that knows its shape before the run, as runtimes expect them: an input, a
 * constant, a value that is an output already, and one whose operator gets its sizes or axes as data are copied. What bodies give
 * and what becomes a state stays.
 */
export const copyOutputs: Pass = {
  name: "tflite-copy-outputs",
  run(graph, { nested }) {
    if (nested) return 0;
    const states = new Set(graph.states.map(({ output }) => output));
    const taken = new Set<Value>();
    let changes = 0;
    const outputs = graph.outputs.map((value, place) => {
      const name = graph.outputNames[place];
      const isOwn = isMade(value) && !taken.has(value);
      taken.add(value);
      if (isOwn || states.has(name)) return value;
      changes++;
      return copyOf(value, name, graph);
    });
    if (changes > 0) graph.setOutputs(outputs, graph.outputNames);
    return changes;
  },
};

/** Operators that get as data what the shape of their result depends on. */
const shapedByData: readonly Operator[] = [
  ops.dynamicMean,
  ops.dynamicSum,
  ops.dynamicReduceMax,
  ops.dynamicReduceMin,
  ops.dynamicReduceProd,
  ops.dynamicPad,
  ops.dynamicSlice,
];

function isMade({ producer }: Value): boolean {
  return producer !== undefined && !shapedByData.includes(producer.op);
}

const comparable: readonly DType[] = ["f32", "i8", "u8", "i16", "i32", "i64"];

/**
 * A reshape to the shape it has. Of a constant TFLite would compute that once, in memory that is none of the output's, but not the
 * greater one of the constant and itself.
 */
function copyOf(value: Value, name: string, graph: Graph): Value {
  const { type, constant } = value;
  const made = { name, outputTypes: [type] };
  if (constant && type.dtype === "bool")
    return graph.addNode({ op: ops.logicalAnd, inputs: [value, value], attributes: {}, ...made }).outputs[0];
  if (constant && comparable.includes(type.dtype))
    return graph.addNode({ op: ops.maximum, inputs: [value, value], attributes: {}, ...made }).outputs[0];
  return graph.addNode({ op: ops.reshape, inputs: [value], attributes: { shape: type.shape }, ...made }).outputs[0];
}
