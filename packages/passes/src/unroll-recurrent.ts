import {
  type Dimension,
  fromNumbers,
  type Graph,
  isStatic,
  type Node,
  numbersOf,
  type Operator,
  type Tensor,
  type Value,
} from "@millrace/ir";
import { add, clamp, linear, lstm, mul, scan, sigmoid, split, tanh } from "@millrace/ops";
import type { Pass } from "./pass.ts";
import { replaceResults, slicesAlong, stackedAlong, type Writer, writerBefore } from "./step-writer.ts";
import { stepsOfScan, unrollScan } from "./unroll-scan.ts";

/** Nodes that one layer may be written out as; longer ones would be slow to run and larger than their weights. */
const mostNodes = 2 ** 13;
const nodesOfStep = 12;

/** An operator that goes through a sequence. */
interface Layer {
  stepsOf(node: Node): Dimension;
  /** Why a node can't be written out, if it can't. */
  reasonToKeep(node: Node): string | undefined;
  unroll(graph: Graph, node: Node): void;
}

/** Writes recurrent layers out step by step, for what can't handle them whole, such as quantization. */
export const unrollRecurrent: Pass = {
  name: "unroll-recurrent",
  run(graph, context) {
    let changes = 0;
    for (const node of [...graph.nodes()]) {
      const layer = layers.get(node.op);
      if (layer === undefined) continue;
      const why = layer.reasonToKeep(node);
      const message = why ? `it stays whole: ${why}` : `it is written out in ${layer.stepsOf(node)} steps`;
      context.note({ pass: "unroll-recurrent", node: node.name, message });
      if (why) continue;
      layer.unroll(graph, node);
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
      name: "a scan of two steps from the end",
      before: `
        input x: f32[1,2]
        input start: f32[1]
        y: f32[1], all: f32[1,2] = scan(start, x) {body=graph step {
          input before: f32[1]
          input x: f32[1]
          constant two: f32[1] = [2]
          double: f32[1] = mul(x, two) {activation=none}
          after: f32[1] = add(before, double) {activation=none}
          output after
          output after
        }, states=1, sequences=1, axis=1, reverse=true}
        output y
        output all`,
      after: `
        input x: f32[1,2]
        input start: f32[1]
        y/split: f32[1,1], "y/split:1": f32[1,1] = split(x) {axis=1, sizes=[1,1]}
        y/reshape: f32[1] = reshape(y/split) {shape=[1]}
        y/reshape_1: f32[1] = reshape("y/split:1") {shape=[1]} named y/reshape
        constant two: f32[1] = [2]
        double: f32[1] = mul(y/reshape_1, two) {activation=none}
        after: f32[1] = add(start, double) {activation=none}
        double_1: f32[1] = mul(y/reshape, two) {activation=none} named double
        y: f32[1] = add(after, double_1) {activation=none} named after
        y/reshape_2: f32[1,1] = reshape(y) {shape=[1,1]} named y/reshape
        y/reshape_3: f32[1,1] = reshape(after) {shape=[1,1]} named y/reshape
        all: f32[1,2] = concat(y/reshape_2, y/reshape_3) {axis=1} named y/concat
        output y
        output all`,
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

const layers: ReadonlyMap<Operator, Layer> = new Map<Operator, Layer>([
  [lstm, { stepsOf, reasonToKeep, unroll: unrollLstm }],
  [scan, { stepsOf: stepsOfScan, reasonToKeep: reasonToKeepScan, unroll: unrollScan }],
]);

function reasonToKeepScan(node: Node): string | undefined {
  const steps = stepsOfScan(node);
  const values = [...node.inputs, ...node.outputs] as readonly Value[];
  if (typeof steps !== "number" || !values.every(({ type }) => isStatic(type.shape)))
    return "the sizes of its data are not known";
  if (steps === 0) return "it has no steps";
  const { body, states } = scan.attributesOf(node);
  const last = new Set(body.outputs.slice(0, states).filter(({ producer }) => producer));
  if (last.size < states) return "its states are not computed apart from each other";
  const nodes = steps * body.size;
  return nodes > mostNodes ? `its ${steps} steps are too many` : undefined;
}

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
  const stacked = (label: string, parts: readonly Value[]) =>
    graph.addConstant(`${node.name}/${label}`, stack(parts.map(({ constant }) => constant!)));
  const weights = stacked("weights", [wi, wo, wf, wg]);
  const sums = writer.one(linear, [x, weights, stacked("bias", [bi, bo, bf, bg])], plain);
  const recurrent = stacked("recurrent", [ri, ro, rf, rg]);
  const { cellClip } = lstm.attributesOf(node);
  const initial = { hidden: unlessZero(hidden), cell: unlessZero(cell) };
  const states: State[] = [];
  for (const slice of slicesAlong(writer, sums, time))
    states.push(step(writer, slice, recurrent, states.at(-1) ?? initial, cellClip));
  const outputs = states.map((state) => state.hidden);
  const last = states.at(-1)!;
  const isRead = node.outputs[0].uses.size > 0;
  const sequence = isRead ? stackedAlong(writer, outputs, time) : undefined;
  replaceResults(graph, node, [sequence, last.hidden, last.cell]);
  return graph.size - before + 1;
}

const plain = { activation: "none" } as const;

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

function stack(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  const shape = first.shape.with(0, parts.length * first.shape[0]);
  const numbers = new Float32Array(parts.reduce((sum, { data }) => sum + data.length, 0));
  parts.forEach((part, index) => {
    numbers.set(numbersOf(part), index * first.data.length);
  });
  return fromNumbers("f32", shape, numbers);
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
