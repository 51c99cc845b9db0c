import {
  elementCount,
  fromNumbers,
  type Graph,
  isStatic,
  type Node,
  type Shape,
  sameShape,
  type Value,
} from "@millrace/ir";
import { concat, lstm, reshape, slice, tanh, transpose } from "@millrace/ops";
import { inheritName, removeNodes } from "./edit.ts";
import type { Pass } from "./pass.ts";
import { chainsOf, type LstmChain, matrixOf } from "./recurrent/lstm-chain.ts";
import { lstmStepAt } from "./recurrent/lstm-step.ts";
import { type SequenceSlice, sequenceSliceOf } from "./recurrent/sequence-slice.ts";
import { rowShape, sameRows, withoutUnitAxes } from "./recurrent/unit-axes.ts";
import { stackedAlong, type Writer, writerBefore } from "./step-writer.ts";

/** Puts one operator in the place of a long short-term memory that was written out step by step, two steps at least. */
export const recognizeUnrolledLstm: Pass = {
  name: "recognize-unrolled-lstm",
  run(graph, context) {
    const steps = [...graph.nodes()].flatMap((node) => (node.op === tanh ? (lstmStepAt(node) ?? []) : []));
    let changes = 0;
    const order = new Map([...graph.nodes()].map((node, index) => [node, index]));
    const moved: Moved = { values: new Map(), slices: new Map() };
    for (const found of chainsOf(steps)) {
      const chain = followed(found, moved);
      const form = formOf(chain, order);
      const [first] = chain.steps;
      const { name } = first.hidden.producer!;
      const message =
        typeof form === "string"
          ? `its ${chain.steps.length} steps stay: ${form}`
          : `its ${chain.steps.length} steps are one layer`;
      context.note({ pass: "recognize-unrolled-lstm", node: name, message });
      if (typeof form === "string") continue;
      replaceChain(graph, chain, form, moved);
      changes++;
    }
    return changes;
  },
  examples: [
    {
      name: "two steps from zero, whose products with the data are one",
      before: `
        input x: f32[2,1,1]
        constant w: f32[4,1] = [1, 2, 3, 4]
        constant b: f32[4] = [0.1, 0.2, 0.3, 0.4]
        constant r: f32[4,1] = [5, 6, 7, 8]
        sums: f32[2,1,4] = linear(x, w, b) {activation=none} from [layer]
        rows: f32[2,4] = reshape(sums) {shape=[2,4]} from [layer]
        first: f32[1,4], second: f32[1,4] = split(rows) {axis=0, sizes=[1,1]} from [layer]
        outer: f32[1,3], candidate: f32[1,1] = split(first) {axis=1, sizes=[3,1]} from [layer]
        opened: f32[1,3] = sigmoid(outer) from [layer]
        i: f32[1,1], o: f32[1,1], f: f32[1,1] = split(opened) {axis=1, sizes=[1,1,1]} from [layer]
        g: f32[1,1] = tanh(candidate) from [layer]
        c1: f32[1,1] = mul(i, g) {activation=none} from [layer]
        t1: f32[1,1] = tanh(c1) from [layer]
        h1: f32[1,1] = mul(o, t1) {activation=none} from [layer]
        seen: f32[1,4] = linear(h1, r) {activation=none} from [layer]
        sum: f32[1,4] = add(second, seen) {activation=none} from [layer]
        outer2: f32[1,3], candidate2: f32[1,1] = split(sum) {axis=1, sizes=[3,1]} from [layer]
        opened2: f32[1,3] = sigmoid(outer2) from [layer]
        i2: f32[1,1], o2: f32[1,1], f2: f32[1,1] = split(opened2) {axis=1, sizes=[1,1,1]} from [layer]
        g2: f32[1,1] = tanh(candidate2) from [layer]
        taken: f32[1,1] = mul(i2, g2) {activation=none} from [layer]
        kept: f32[1,1] = mul(f2, c1) {activation=none} from [layer]
        c2: f32[1,1] = add(taken, kept) {activation=none} from [layer]
        t2: f32[1,1] = tanh(c2) from [layer]
        h2: f32[1,1] = mul(o2, t2) {activation=none} from [layer]
        both: f32[2,1] = concat(h1, h2) {axis=0} from [layer]
        y: f32[2,1,1] = reshape(both) {shape=[2,1,1]} from [layer]
        output y
        output c2`,
      after: `
        input x: f32[2,1,1]
        constant wi: f32[1,1] = [1]
        constant wf: f32[1,1] = [3]
        constant wg: f32[1,1] = [4]
        constant wo: f32[1,1] = [2]
        constant ri: f32[1,1] = [5]
        constant rf: f32[1,1] = [7]
        constant rg: f32[1,1] = [8]
        constant ro: f32[1,1] = [6]
        constant bi: f32[1] = [0.1]
        constant bf: f32[1] = [0.3]
        constant bg: f32[1] = [0.4]
        constant bo: f32[1] = [0.2]
        constant hidden: f32[1,1] = [0]
        constant cell: f32[1,1] = [0]
        h1/lstm: f32[2,1,1], h2: f32[1,1], c2: f32[1,1] = lstm(x, wi, wf, wg, wo, ri, rf, rg, ro, bi, bf, bg, bo, hidden, cell) {timeMajor=true, cellClip=0} from [layer]
        both: f32[2,1] = reshape(h1/lstm) {shape=[2,1]} named both/reshape from [layer]
        y: f32[2,1,1] = reshape(both) {shape=[2,1,1]} from [layer]
        output y
        output c2`,
      noted: "its 2 steps are one layer",
    },
    {
      name: "a single step",
      before: `
        input s: f32[1,2]
        input c0: f32[1,1]
        constant r: f32[4,2] = [1, 2, 3, 4, 5, 6, 7, 8]
        sum: f32[1,4] = linear(s, r) {activation=none}
        i: f32[1,1], f: f32[1,1], g: f32[1,1], o: f32[1,1] = split(sum) {axis=1, sizes=[1,1,1,1]}
        input1: f32[1,1] = sigmoid(i)
        forget: f32[1,1] = sigmoid(f)
        output1: f32[1,1] = sigmoid(o)
        candidate: f32[1,1] = tanh(g)
        taken: f32[1,1] = mul(input1, candidate) {activation=none}
        kept: f32[1,1] = mul(forget, c0) {activation=none}
        c1: f32[1,1] = add(kept, taken) {activation=none}
        t1: f32[1,1] = tanh(c1)
        h1: f32[1,1] = mul(output1, t1) {activation=none}
        output h1
        output c1`,
    },
  ],
};

/** What became of values of the layers that were replaced before. */
interface Moved {
  readonly values: Map<Value, Value>;
  /** Hidden states, as steps of their layer's result. */
  readonly slices: Map<Value, SequenceSlice>;
}

/** A chain with what it reads of layers before as it is now. */
function followed(chain: LstmChain, { values, slices }: Moved): LstmChain {
  const at = (value: Value | undefined) => value && (values.get(value) ?? value);
  const data = chain.data.map((item) => {
    const step = "sequence" in item ? item : (slices.get(item) ?? sequenceSliceOf(item));
    return step ? { ...step, sequence: at(step.sequence)! } : item;
  });
  const [first, ...others] = chain.steps;
  const [hidden, before] = [at(chain.hidden), at(first.before)];
  return { ...chain, data, steps: [{ ...first, before }, ...others], ...(hidden && { hidden }) };
}

/** How the data of all steps stand together. */
interface Form {
  /** The sequence [time, batch, n], or [batch, time, n] if `axis` is 1; undefined where the data of the steps stand apart. */
  readonly sequence: Value | undefined;
  readonly axis: 0 | 1;
  readonly reverse: boolean;
}

/** The form of a chain's data, or why it can't be one operator. */
function formOf({ steps, data, hidden }: LstmChain, order: ReadonlyMap<Node, number>): Form | string {
  if (!isStatic(steps[0].next.type.shape)) return "its batch is not known";
  if (steps.slice(0, -1).some(({ next }) => next.uses.size > 2)) return "its cell state is read between two of them";
  const [first] = data;
  const shape = rowShape(steps[0].next.type.shape)!;
  if (hidden && !sameRows(hidden.type.shape, shape)) return "its hidden state at first is not as large as the others";
  const start = order.get(steps[0].hidden.producer!)!;
  if (!("sequence" in first)) {
    const areThere = data.every(
      (item) =>
        !("sequence" in item) &&
        rowShape(item.type.shape)?.[0] === shape[0] &&
        (order.get(item.producer!) ?? -1) < start,
    );
    return areThere ? { sequence: undefined, axis: 0, reverse: false } : "its data are made by the steps before";
  }
  const { sequence, axis } = first;
  const last = steps.length - 1;
  const goes = (place: (step: number) => number) =>
    data.every(
      (item, step) =>
        "sequence" in item && item.sequence === sequence && item.axis === axis && item.place === place(step),
    );
  const reverse = first.place !== 0;
  if (sequence.type.shape[1 - axis] !== shape[0]) return "their data are not as many as their states";
  if (sequence.type.shape[axis] !== steps.length || !goes((step) => (reverse ? last - step : step)))
    return "they do not go through a whole sequence";
  return { sequence, axis: axis === 0 ? 0 : 1, reverse };
}

/** Adds the operator that does what the steps of a chain do; gives its results. */
function layerOf(graph: Graph, chain: LstmChain, { sequence, axis, reverse }: Form): readonly Value[] {
  const [{ units, clip, before, next, hidden }] = chain.steps;
  const node = hidden.producer!;
  const writer = writerBefore(graph, node);
  const constant = (label: string, shape: readonly number[], numbers: ArrayLike<number>) =>
    graph.addConstant(`${node.name}/${label}`, fromNumbers("f32", shape, numbers));
  const state = rowShape(next.type.shape) as readonly number[];
  const zero = () => constant("zero", state, new Float32Array(elementCount(state)));
  const gates = chain.gates!;
  const rows = (value: Value) => shaped(writer, value, rowShape(value.type.shape)!);
  const x = sequence ?? stackedAlong(writer, (chain.data as readonly Value[]).map(rows), 0);
  return writer.all(
    lstm,
    [
      reverse ? backwards(writer, x, axis) : x,
      ...gates.map(({ data }) => constant("weights", [units, data.width], matrixOf(data, units))),
      ...gates.map(({ recurrent }) => constant("recurrent", [units, units], matrixOf(recurrent, units))),
      ...gates.map(({ bias }) => constant("bias", [units], bias)),
      chain.hidden ? rows(chain.hidden) : zero(),
      before ? rows(before) : zero(),
    ],
    { timeMajor: axis === 0, cellClip: clip },
  );
}

function replaceChain(graph: Graph, chain: LstmChain, form: Form, moved: Moved): void {
  const { steps } = chain;
  const { axis } = form;
  const [all, last, cell] = layerOf(graph, chain, form);
  const put = (old: Value, made: Value) => {
    const as = shaped(writerBefore(graph, old.producer!), made, old.type.shape);
    putInPlace(graph, old, as);
    moved.values.set(old, as);
  };
  const outputs = steps.map(({ hidden }) => hidden);
  for (const [place, hidden] of outputs.entries()) moved.slices.set(hidden, { sequence: all, axis, place });
  const stacks = stacksOf(outputs);
  for (const node of stacks) {
    const made = stackFrom(writerBefore(graph, node), node, outputs, { all, axis });
    if (made) put(node.outputs[0], made);
  }
  const final = steps.at(-1)!;
  if (final.next.uses.size > 1) put(final.next, cell);
  put(final.hidden, last);
  removeNodes(graph, [...stacks, final.hidden.producer!, final.next.producer!]);
  for (const [index, hidden] of [...outputs.entries()].reverse()) {
    const { producer } = hidden;
    if (!producer || !graph.contains(producer)) continue;
    if (hidden.uses.size > 0) put(hidden, stepOf(writerBefore(graph, producer), { all, axis }, index));
    removeNodes(graph, [producer]);
  }
}

/** All hidden states of an operator, in the order of its steps. */
interface Layer {
  readonly all: Value;
  readonly axis: 0 | 1;
}

/** Lets `made` be read in the place of `old`, under its name. */
function putInPlace(graph: Graph, old: Value, made: Value): void {
  graph.replaceUses(old, made);
  inheritName(graph, made, old);
}

/** Nodes that put the hidden states of all steps together, themselves or with one axis more. */
function stacksOf(outputs: readonly Value[]): readonly Node[] {
  const users = (value: Value) => [...value.uses].map(({ user }) => user);
  const direct = users(outputs[0]);
  const widened = direct.flatMap((node) => (node.op === reshape ? users(node.outputs[0]) : []));
  const isStack = (node: Node) => node.op === concat && node.inputs.length === outputs.length;
  return [...new Set([...direct, ...widened].filter(isStack))];
}

/** What stands in a stack of all steps' hidden states, in their order or the reverse; undefined if the node is none. */
function stackFrom(writer: Writer, node: Node, outputs: readonly Value[], { all, axis }: Layer): Value | undefined {
  const [batch, units] = rowShape(outputs[0].type.shape) as readonly number[];
  const along = concat.attributesOf(node).axis;
  const [result] = node.outputs;
  const stacked = along === 0 ? [outputs.length, batch, units] : [batch, outputs.length, units];
  const isMerged = result.type.shape.length === 2;
  const items = (node.inputs as readonly Value[]).map((value) => (isMerged ? value : widened(value, stacked, along)));
  const isInOrder = items.every((item, at) => item === outputs[at]);
  if (along > 1 || (!isInOrder && !items.every((item, at) => item === outputs.at(-1 - at)))) return undefined;
  const ordered = isInOrder ? all : backwards(writer, all, axis);
  const turned = along === axis ? ordered : writer.one(transpose, [ordered], { permutation: [1, 0, 2] });
  return isMerged ? writer.one(reshape, [turned], { shape: result.type.shape }) : turned;
}

/** The rows of a value that has an axis of the steps more, by a reshape unless they have it themselves. */
function widened(value: Value, stacked: readonly number[], along: number): Value | undefined {
  if (!sameShape(value.type.shape, stacked.with(along, 1))) return undefined;
  const { producer } = value;
  return withoutUnitAxes(producer?.op === reshape ? producer.inputs[0]! : value);
}

/** The value under another shape, if it has not got that. */
function shaped(writer: Writer, value: Value, shape: Shape): Value {
  return sameShape(value.type.shape, shape) ? value : writer.one(reshape, [value], { shape });
}

/** The hidden state after one of the steps. */
function stepOf(writer: Writer, { all, axis }: Layer, step: number): Value {
  const shape = all.type.shape;
  const cut = writer.one(slice, [all], {
    starts: [0, 0, 0].with(axis, step),
    sizes: shape.with(axis, 1),
    steps: [1, 1, 1],
  });
  return writer.one(reshape, [cut], { shape: shape.toSpliced(axis, 1) });
}

function backwards(writer: Writer, value: Value, axis: number): Value {
  const { shape } = value.type;
  const starts = [0, 0, 0].with(axis, (shape[axis] as number) - 1);
  return writer.one(slice, [value], { starts, sizes: shape, steps: [1, 1, 1].with(axis, -1) });
}
