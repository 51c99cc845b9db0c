import { fromNumbers, type Graph, type Node, numbersOf, type Shape, type Tensor, type Value } from "@millrace/ir";
import { concat, lstm, pad, reshape, slice } from "@millrace/ops";
import { type Pass, reasonToKeep, unrollLstm } from "@millrace/passes";

/** What closes a gate for good, whatever else it is given: the logistic function of less than -100 is 0 in float32. */
const closing = -1e4;

/**
 * TFLite's LSTM keeps its states from run to run. One that starts from zero in every run gets a step more at first, whose only datum is
 * an input of its own that closes the input and the forget gate: c' = 0 · c + 0 · g = 0 and h' = o · tanh(0) = 0, whatever was before.
 * One that starts from other states, or whose last cell state is read, is written out step by step.
 */
export const spellRecurrent: Pass = {
  name: "tflite-spell-recurrent",
  run(graph, context) {
    let changes = 0;
    for (const node of [...graph.nodes()]) {
      if (node.op !== lstm || keepsStates(graph, node)) continue;
      const unable = reasonToKeep(node);
      const why = context.nested ? "it is in a branch or a loop" : reasonToUnroll(node);
      if (unable) continue;
      const steps = node.inputs[0]!.type.shape[lstm.attributesOf(node).timeMajor ? 0 : 1];
      const message = why
        ? `${node.name} is written out in ${steps} steps of ${unrollLstm(graph, node)} nodes in all, as ${why}.`
        : `${node.name} is one operator for its ${steps} steps, with a step more that resets its states.`;
      if (!why) startFromZero(graph, node);
      context.report({ code: "tflite.recurrent-layer", severity: "info", message, at: { node: node.name } });
      changes++;
    }
    return changes;
  },
};

/** Whether the graph's own states go through the node. */
function keepsStates(graph: Graph, node: Node): boolean {
  const names = new Set(graph.states.map(({ input }) => input));
  return node.inputs.slice(13).some((value) => value !== undefined && names.has(value.name));
}

function reasonToUnroll(node: Node): string | undefined {
  const states = node.inputs.slice(13).map((value) => value?.constant);
  if (!states.every((state) => state?.data.every((item) => Number(item) === 0))) return "it starts from given states";
  return node.outputs[2].uses.size > 0 ? "its last cell state is read" : undefined;
}

function startFromZero(graph: Graph, node: Node): void {
  const { timeMajor } = lstm.attributesOf(node);
  const time = timeMajor ? 0 : 1;
  const { name, origin } = node;
  const step = (op: Node["op"], inputs: readonly (Value | undefined)[], attributes: Node["attributes"]) =>
    graph.addNode({ op, inputs, attributes, name: `${name}/${op.name}`, origin, before: node }).outputs;
  const [x, ...operands] = node.inputs as readonly Value[];
  const [before, after] = [[0, 0, 0].with(time, 1), [0, 0, 0]];
  const [padded] = step(pad, [x], { before, after, mode: "constant", value: 0 });
  const mark = graph.addConstant(`${name}/reset`, markOf(padded.type.shape as readonly number[], time));
  const [data] = step(concat, [padded, mark], { axis: 2 });
  const weights = operands.slice(0, 4).map((value, gate) => {
    const column = gate < 2 ? closing : 0;
    return graph.addConstant(value.name, withColumn(value.constant!, column));
  });
  const states = ["hidden", "cell"].map((state) => graph.addInput(`${name}/${state}`, operands[12].type));
  const [all, ...next] = step(lstm, [data, ...weights, ...operands.slice(4, 12), ...states], node.attributes);
  const [sequence, last] = node.outputs;
  const { shape } = sequence.type;
  const part = (first: number, size: Shape[number]) =>
    step(slice, [all], { starts: [0, 0, 0].with(time, first), sizes: shape.with(time, size), steps: [1, 1, 1] })[0];
  const ways: readonly (readonly [Value, () => Value])[] = [
    [sequence, () => part(1, shape[time])],
    [last, () => step(reshape, [part(shape[time] as number, 1)], { shape: last.type.shape })[0]],
  ];
  const read = ways.filter(([old]) => old.uses.size > 0).map(([old, make]) => [old, make(), old.name] as const);
  for (const [old, made] of read) graph.replaceUses(old, made);
  graph.removeNode(node);
  for (const [, made, kept] of read) graph.rename(made, kept);
  linkStates(graph, states, next);
}

/** Makes values the next states of inputs. */
function linkStates(graph: Graph, inputs: readonly Value[], next: readonly Value[]): void {
  graph.setOutputs([...graph.outputs, ...next], [...graph.outputNames, ...next.map(({ name }) => name)]);
  const links = inputs.map(({ name }, index) => ({ input: name, output: next[index].name }));
  graph.states = [...graph.states, ...links];
}

/** One number for each row of data: 1 in the first step, 0 in the others. */
function markOf(shape: readonly number[], time: 0 | 1): Tensor {
  const [rows, columns] = shape;
  const numbers = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      if ((time === 0 ? row : column) === 0) numbers[row * columns + column] = 1;
  return fromNumbers("f32", [rows, columns, 1], numbers);
}

/** A matrix with one more column of a number. */
function withColumn(matrix: Tensor, number: number): Tensor {
  const [rows, columns] = matrix.shape;
  const source = numbersOf(matrix);
  const at = (index: number) => {
    const [row, column] = [Math.floor(index / (columns + 1)), index % (columns + 1)];
    return column === columns ? number : source[row * columns + column];
  };
  return fromNumbers(
    "f32",
    [rows, columns + 1],
    Float64Array.from({ length: rows * (columns + 1) }, (_, i) => at(i)),
  );
}
