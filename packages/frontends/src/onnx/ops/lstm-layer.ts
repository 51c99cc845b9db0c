import { fromNumbers, numbersOf, type Value } from "@millrace/ir";
import { concat, lstm, slice } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { stackedAlong } from "./steps.ts";
import { reshaped, sliced } from "./weights.ts";

/** The axis of the steps in the data, and that of the directions in a state. */
export interface Layout {
  readonly time: number;
  readonly direction: number;
}

export type Direction = "forward" | "reverse";

/** Places of ONNX's gates input, output, forget and cell in the order of the operator: input, forget, cell, output. */
const gates = [0, 2, 3, 1];
const standard = ["sigmoid", "tanh", "tanh"];

/**
 * An LSTM as one operator for each direction, for layers as most are: without peepholes, clipping, coupled gates, lengths of their own
 * or other functions than usual, of constant weights, from states of zero. Undefined for others, and for a single step.
 */
export function wholeLstm(
  node: SourceNode,
  directions: readonly Direction[],
  layout: Layout,
): readonly Value[] | undefined {
  const steps = node.shape(0)[layout.time];
  const turned = directions.includes("reverse");
  if (!isUsual(node, directions.length) || steps === 1 || steps === 0) return undefined;
  if (turned && typeof steps !== "number") return undefined;
  const results = directions.map((way, index) => layerIn(node, way, index, layout));
  const side = 1 + layout.time;
  const sequences = results.map(([sequence]) => reshaped(node, sequence, sequence.type.shape.toSpliced(side, 0, 1)));
  const states = [1, 2].map((state) =>
    stackedAlong(
      node,
      results.map((result) => result[state]),
      layout.direction,
    ),
  );
  const all = sequences.length === 1 ? sequences[0] : node.compute(concat, sequences, { axis: side });
  return [all, ...states];
}

function isUsual(node: SourceNode, directions: number): boolean {
  const { attributes } = node;
  const names = attributes.texts("activations")?.map((name) => name.toLowerCase());
  const wanted = new Array<readonly string[]>(directions).fill(standard).flat();
  const zero = (input: number) =>
    !node.has(input) || node.weights(input).constant?.data.every((item) => Number(item) === 0) === true;
  const constant = (input: number) => !node.has(input) || node.weights(input).constant !== undefined;
  return (
    (names === undefined || names.join() === wanted.join()) &&
    attributes.real("clip", 0) === 0 &&
    !attributes.flag("input_forget", false) &&
    [1, 2, 3].every(constant) &&
    ![4, 7].some((input) => node.has(input)) &&
    zero(5) &&
    zero(6) &&
    node.input(0).type.dtype === "f32" &&
    typeof node.shape(0)[1 - layoutTime(node)] === "number"
  );
}

function layoutTime(node: SourceNode): number {
  return node.attributes.flag("layout", false) ? 1 : 0;
}

/** The results of one direction: all hidden states in the order of the data, the last one and the last cell state. */
function layerIn(node: SourceNode, way: Direction, index: number, { time }: Layout): readonly Value[] {
  const x = way === "forward" ? node.input(0) : backwards(node, node.input(0), time);
  const units = node.shape(2)[2] as number;
  const parts = (input: number, offset = 0) => {
    const all = node.weights(input);
    const own = reshaped(node, sliced(node, all, 0, index, 1), all.type.shape.slice(1));
    return gates.map((gate) => sliced(node, own, 0, (offset + gate) * units, units));
  };
  const batch = x.type.shape[1 - time] as number;
  const start = node.constant(fromNumbers("f32", [batch, units], new Float32Array(batch * units)));
  const operands = [x, ...parts(1), ...parts(2), ...biases(node, units, parts), start, start];
  const [sequence, hidden, cell] = node.computeAll(lstm, operands, { timeMajor: time === 0, cellClip: 0 });
  return [way === "forward" ? sequence : backwards(node, sequence, time), hidden, cell];
}

/** The sums of the biases on the data and on the hidden state. */
function biases(
  node: SourceNode,
  units: number,
  parts: (input: number, offset?: number) => readonly Value[],
): readonly Value[] {
  if (!node.has(3)) return gates.map(() => node.constant(fromNumbers("f32", [units], new Float32Array(units))));
  const [data, hidden] = [0, 4].map((offset) => parts(3, offset).map(({ constant }) => numbersOf(constant!)));
  return gates.map((_, gate) => {
    const sums = Float64Array.from({ length: units }, (_, unit) => data[gate][unit] + hidden[gate][unit]);
    return node.constant(fromNumbers("f32", [units], sums));
  });
}

function backwards(node: SourceNode, value: Value, axis: number): Value {
  const { shape } = value.type;
  const each = (at: number, one: number, others: number) => (at === axis ? one : others);
  const last = (shape[axis] as number) - 1;
  return node.compute(slice, [value], {
    starts: shape.map((_, at) => each(at, last, 0)),
    sizes: shape,
    steps: shape.map((_, at) => each(at, -1, 1)),
  });
}
