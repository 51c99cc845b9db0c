import {
  type Attributes,
  fromNumbers,
  type Graph,
  type Node,
  numbersOf,
  type Operator,
  type Tensor,
  type Value,
} from "@millrace/ir";
import { add, clamp, concat, linear, lstm, mul, reshape, sigmoid, split, tanh } from "@millrace/ops";
import type { Pass } from "./pass.ts";

/** Nodes that one layer may be written out as; longer ones would be slow to run and larger than their weights. */
const mostNodes = 2 ** 13;
const nodesOfStep = 12;

/** Writes recurrent layers out step by step, for what can't handle them whole, such as quantization. */
export const unrollRecurrent: Pass = {
  name: "unroll-recurrent",
  run(graph, context) {
    let changes = 0;
    for (const node of [...graph.nodes()]) {
      if (node.op !== lstm) continue;
      const why = reasonToKeep(node);
      const message = why ? `it stays whole: ${why}` : `it is written out in ${stepsOf(node)} steps`;
      context.note({ pass: "unroll-recurrent", node: node.name, message });
      if (why) continue;
      unrollLstm(graph, node);
      changes++;
    }
    return changes;
  },
  examples: [
    {
      name: "a layer of two steps from zero",
      before: `
        input x: f32[2,1,1]
        constant w: f32[1,1] = [1]
        constant v: f32[1,1] = [2]
        constant b: f32[1] = [0.5]
        constant zero: f32[1,1] = [0]
        y: f32[2,1,1], h: f32[1,1], c: f32[1,1] = lstm(x, w, w, v, v, w, w, v, v, b, b, b, b, zero, zero) {timeMajor=true, cellClip=0} from [layer]
        output y
        output c`,
      after: `
        input x: f32[2,1,1]
        constant y/weights: f32[4,1] = [1, 2, 1, 2]
        constant y/bias: f32[4] = [0.5, 0.5, 0.5, 0.5]
        y/linear: f32[2,1,4] = linear(x, y/weights, y/bias) {activation=none} from [layer]
        y/reshape: f32[2,4] = reshape(y/linear) {shape=[2,4]} from [layer]
        y/split: f32[1,4], "y/split:1": f32[1,4] = split(y/reshape) {axis=0, sizes=[1,1]} from [layer]
        y/split_1: f32[1,3], "y/split:1_1": f32[1,1] = split(y/split) {axis=1, sizes=[3,1]} named y/split from [layer]
        y/sigmoid: f32[1,3] = sigmoid(y/split_1) from [layer]
        y/split_2: f32[1,1], "y/split:1_2": f32[1,1], "y/split:2": f32[1,1] = split(y/sigmoid) {axis=1, sizes=[1,1,1]} named y/split from [layer]
        y/tanh: f32[1,1] = tanh("y/split:1_1") from [layer]
        y/mul: f32[1,1] = mul(y/split_2, y/tanh) {activation=none} from [layer]
        y/tanh_1: f32[1,1] = tanh(y/mul) named y/tanh from [layer]
        y/mul_1: f32[1,1] = mul("y/split:1_2", y/tanh_1) {activation=none} named y/mul from [layer]
        constant y/recurrent: f32[4,1] = [1, 2, 1, 2]
        y/linear_1: f32[1,4] = linear(y/mul_1, y/recurrent) {activation=none} named y/linear from [layer]
        y/add: f32[1,4] = add("y/split:1", y/linear_1) {activation=none} from [layer]
        y/split_3: f32[1,3], "y/split:1_3": f32[1,1] = split(y/add) {axis=1, sizes=[3,1]} named y/split from [layer]
        y/sigmoid_1: f32[1,3] = sigmoid(y/split_3) named y/sigmoid from [layer]
        y/split_4: f32[1,1], "y/split:1_4": f32[1,1], "y/split:2_1": f32[1,1] = split(y/sigmoid_1) {axis=1, sizes=[1,1,1]} named y/split from [layer]
        y/tanh_2: f32[1,1] = tanh("y/split:1_3") named y/tanh from [layer]
        y/mul_2: f32[1,1] = mul(y/split_4, y/tanh_2) {activation=none} named y/mul from [layer]
        y/mul_3: f32[1,1] = mul("y/split:2_1", y/mul) {activation=none} named y/mul from [layer]
        c: f32[1,1] = add(y/mul_2, y/mul_3) {activation=none} named y/add from [layer]
        y/tanh_3: f32[1,1] = tanh(c) named y/tanh from [layer]
        h: f32[1,1] = mul("y/split:1_4", y/tanh_3) {activation=none} named y/mul from [layer]
        y/concat: f32[2,1] = concat(y/mul_1, h) {axis=0} from [layer]
        y: f32[2,1,1] = reshape(y/concat) {shape=[2,1,1]} named y/reshape from [layer]
        output y
        output c`,
      noted: "it is written out in 2 steps",
    },
    {
      name: "a layer of an open number of steps",
      before: `
        input x: f32[T,1,1]
        constant w: f32[1,1] = [1]
        constant b: f32[1] = [0.5]
        constant zero: f32[1,1] = [0]
        y: f32[T,1,1], h: f32[1,1], c: f32[1,1] = lstm(x, w, w, w, w, w, w, w, w, b, b, b, b, zero, zero) {timeMajor=true, cellClip=0}
        output y`,
      noted: "it stays whole: the number of its steps is not known",
    },
  ],
};

function timeAxis(node: Node): 0 | 1 {
  return lstm.attributesOf(node).timeMajor ? 0 : 1;
}

function stepsOf(node: Node): number {
  return node.inputs[0]!.type.shape[timeAxis(node)] as number;
}

/** Why an LSTM can't be written out, if it can't. */
export function reasonToKeep(node: Node): string | undefined {
  const [x, ...operands] = node.inputs as readonly Value[];
  if (x.type.dtype !== "f32") return "it computes with integers";
  if (!x.type.shape.every((size) => typeof size === "number")) return "the number of its steps is not known";
  if (operands.slice(0, 12).some(({ constant }) => constant?.dtype !== "f32")) return "its weights are not constant";
  if (stepsOf(node) === 0) return "it has no steps";
  return stepsOf(node) * nodesOfStep > mostNodes ? `its ${stepsOf(node)} steps are too many` : undefined;
}

/**
 * Puts the steps of an LSTM in its place, for which there must be no reason to keep it: one product with the data of all steps, and
 * for each step one with the hidden state, with the gates in the order input, output, forget, cell. Returns how many nodes that are.
 */
export function unrollLstm(graph: Graph, node: Node): number {
  const before = graph.size;
  const { x, hidden, cell, ...gates } = lstm.inputsOf(node);
  const [wi, wf, wg, wo, ri, rf, rg, ro, bi, bf, bg, bo] = Object.values(gates);
  const time = timeAxis(node);
  const writer = writerBefore(graph, node);
  const weights = writer.stacked("weights", [wi, wo, wf, wg]);
  const sums = writer.one(linear, [x, weights, writer.stacked("bias", [bi, bo, bf, bg])], plain);
  const recurrent = writer.stacked("recurrent", [ri, ro, rf, rg]);
  const { cellClip } = lstm.attributesOf(node);
  const initial = { hidden: unlessZero(hidden), cell: unlessZero(cell) };
  const states: State[] = [];
  for (const slice of slices(writer, sums, time))
    states.push(step(writer, slice, recurrent, states.at(-1) ?? initial, cellClip));
  const outputs = states.map((state) => state.hidden);
  const last = states.at(-1)!;
  const [sequence] = node.outputs;
  const together = () => {
    const joined = outputs.length === 1 ? outputs[0] : writer.one(concat, outputs, { axis: time });
    return writer.one(reshape, [joined], { shape: sequence.type.shape });
  };
  const made = [sequence.uses.size > 0 ? together() : undefined, last.hidden, last.cell];
  const names = node.outputs.map(({ name }) => name);
  for (const [index, value] of made.entries()) if (value) graph.replaceUses(node.outputs[index], value);
  graph.removeNode(node);
  for (const [index, value] of made.entries()) if (value) graph.rename(value, names[index]);
  return graph.size - before + 1;
}

/** Hidden and cell state. */
interface State {
  readonly hidden: Value;
  readonly cell: Value;
}

/** The state before the first step; undefined where it is zero. */
type Initial = { readonly [K in keyof State]: State[K] | undefined };

function unlessZero(value: Value): Value | undefined {
  return value.constant?.data.every((item) => Number(item) === 0) ? undefined : value;
}

/** Adds nodes before another one, named after it. */
interface Writer {
  one(op: Operator, inputs: readonly Value[], attributes: Attributes): Value;
  all(op: Operator, inputs: readonly Value[], attributes: Attributes): readonly Value[];
  /** Constants on top of each other along their first axis. */
  stacked(label: string, parts: readonly Value[]): Value;
}

const plain = { activation: "none" } as const;

function writerBefore(graph: Graph, node: Node): Writer {
  const { origin, name } = node;
  const all: Writer["all"] = (op, inputs, attributes) =>
    graph.addNode({ op, inputs, attributes, name: `${name}/${op.name}`, origin, before: node }).outputs;
  return {
    all,
    one: (op, inputs, attributes) => all(op, inputs, attributes)[0],
    stacked: (label, parts) => graph.addConstant(`${name}/${label}`, stack(parts.map(({ constant }) => constant!))),
  };
}

function stack(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  const shape = first.shape.with(0, parts.length * first.shape[0]);
  const numbers = new Float32Array(parts.reduce((sum, { data }) => sum + data.length, 0));
  parts.forEach((part, index) => {
    numbers.set(numbersOf(part), index * first.data.length);
  });
  return fromNumbers("f32", shape, numbers);
}

/** The data of each step [batch, n] out of those of all. */
function slices({ one, all }: Writer, sums: Value, time: 0 | 1): readonly Value[] {
  const shape = sums.type.shape as readonly number[];
  const [count, rest] = [shape[time], shape.toSpliced(time, 1)];
  const rows = one(reshape, [sums], { shape: rest.with(time, count * rest[time]) });
  return count === 1 ? [rows] : all(split, [rows], { axis: time, sizes: new Array<number>(count).fill(rest[time]) });
}

/** One step: c' = forget · c + input · candidate, kept within ±clip if that is above 0, and h' = output · tanh(c'). */
function step(writer: Writer, sums: Value, recurrent: Value, { hidden, cell }: Initial, clip: number): State {
  const { one, all } = writer;
  const units = (sums.type.shape[1] as number) / 4;
  const sum = hidden ? one(add, [sums, one(linear, [hidden, recurrent], plain)], plain) : sums;
  const [outer, candidate] = all(split, [sum], { axis: 1, sizes: [3 * units, units] });
  const gated = one(sigmoid, [outer], {});
  const [input, output, forget] = all(split, [gated], { axis: 1, sizes: [units, units, units] });
  const taken = one(mul, [input, one(tanh, [candidate], {})], plain);
  const total = cell ? one(add, [taken, one(mul, [forget, cell], plain)], plain) : taken;
  const next = clip > 0 ? one(clamp, [total], { minimum: -clip, maximum: clip }) : total;
  return { hidden: one(mul, [output, one(tanh, [next], {})], plain), cell: next };
}
