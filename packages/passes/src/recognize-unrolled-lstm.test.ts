import { type Attributes, fromNumbers, Graph, type Operator, type Value, verify } from "@millrace/ir";
import { add, concat, gather, linear, lstm, mul, reshape, sigmoid, slice, split, tanh } from "@millrace/ops";
import { describe, expect, it, test } from "vitest";
import { foldConstants } from "./fold-constants.ts";
import { runPasses } from "./pass.ts";
import { recognizeUnrolledLstm } from "./recognize-unrolled-lstm.ts";
import { removeDead } from "./remove-dead.ts";
import { expectClose, numberStream, randomTensor, resultsOf } from "./testing.ts";
import { workOf } from "./testing-work.ts";
import { unrollRecurrent } from "./unroll-recurrent.ts";

const plain = { activation: "none" };
const [batch, inputs, units] = [2, 3, 4];

interface Shape {
  readonly steps: number;
  readonly timeMajor?: boolean;
  readonly cellClip?: number;
  readonly isZero?: boolean;
  readonly read?: readonly number[];
}

/** A graph of one operator. */
function whole({ steps, timeMajor = true, cellClip = 0, isZero = false, read = [0, 1, 2] }: Shape): Graph {
  const graph = new Graph("layer");
  const next = numberStream();
  const x = graph.addInput("x", { dtype: "f32", shape: timeMajor ? [steps, batch, inputs] : [batch, steps, inputs] });
  const shapes = [...Array(4).fill([units, inputs]), ...Array(4).fill([units, units]), ...Array(4).fill([units])];
  const gates = shapes.map((shape, at) => graph.addConstant(`gate${at}`, randomTensor(shape, next)));
  const zero = fromNumbers("f32", [batch, units], new Float32Array(batch * units));
  const states = ["h0", "c0"].map((name) =>
    isZero ? graph.addConstant(name, zero) : graph.addInput(name, { dtype: "f32", shape: [batch, units] }),
  );
  const attributes = { timeMajor, cellClip };
  const node = graph.addNode({ op: lstm, inputs: [x, ...gates, ...states], attributes, name: "layer" });
  graph.setOutputs(read.map((index) => node.outputs[index]));
  return graph;
}

const operators = (graph: Graph) => [...graph.nodes()].map(({ op }) => op.name);

/** Runs the pass; expects the same results and a sound graph. */
function recognized(graph: Graph): readonly string[] {
  runPasses(graph, [foldConstants]);
  const before = resultsOf(graph);
  const names = graph.outputs.map(({ name }) => name);
  runPasses(graph, [recognizeUnrolledLstm, removeDead]);
  expect(verify(graph)).toEqual([]);
  expect(graph.outputs.map(({ name }) => name)).toEqual(names);
  expectClose(resultsOf(graph), before, 1e-5);
  return operators(graph);
}

describe("a layer that was written out", () => {
  it.each<Shape>([
    { steps: 2 },
    { steps: 5, timeMajor: false, isZero: true },
    { steps: 4, cellClip: 0.3, read: [0] },
    { steps: 3, isZero: true, read: [1] },
    { steps: 3, timeMajor: false, read: [2] },
  ])("becomes one operator again: %o", (shape) => {
    const [graph, original] = [whole(shape), whole(shape)];
    runPasses(graph, [unrollRecurrent]);
    expect(operators(graph)).not.toContain("lstm");
    expect(recognized(graph).filter((name) => name !== "reshape")).toEqual(["lstm"]);
    const [found, wanted] = [graph, original].map((each) => [...each.nodes()].find(({ op }) => op === lstm)!);
    expect(found.attributes).toEqual(wanted.attributes);
    expect(found.inputs.map((value) => value!.constant)).toEqual(wanted.inputs.map((value) => value!.constant));
  });
});

type Write = (op: Operator, inputs: readonly Value[], attributes?: Attributes) => Value;

/** How an exporter writes a loop over an LSTM's cell. */
interface Style {
  /** Places of the gates input, forget, cell and output among the rows of the weights. */
  readonly order: readonly number[];
  readonly joined?: boolean;
  readonly cut: "split" | "slice";
  readonly step: "gather" | "slice";
  readonly reverse?: boolean;
  readonly layers?: number;
}

function exported(steps: number, { order, joined, cut, step, reverse, layers = 1 }: Style): Graph {
  const graph = new Graph("loop");
  const next = numberStream();
  const constant = (...shape: number[]) => graph.addConstant("w", randomTensor(shape, next));
  const write: Write = (op, inputs, attributes = {}) => graph.addNode({ op, inputs, attributes, name: "n" }).outputs[0];
  const x = graph.addInput("x", { dtype: "f32", shape: [batch, steps, inputs] });
  const zero = graph.addConstant("zero", fromNumbers("f32", [batch, units], new Float32Array(batch * units)));
  const cells = Array.from({ length: layers }, (_, layer) => {
    const width = layer === 0 ? inputs : units;
    const [w, r, b, both] = [
      constant(4 * units, width),
      constant(4 * units, units),
      constant(4 * units),
      constant(4 * units, width + units),
    ];
    return (data: Value, hidden: Value) =>
      joined
        ? write(linear, [write(concat, [data, hidden], { axis: 1 }), both, b], plain)
        : write(add, [write(linear, [data, w, b], plain), write(linear, [hidden, r, b], plain)], plain);
  });
  const states = cells.map(() => ({ hidden: zero, cell: zero }));
  const outputs: Value[] = [];
  for (let at = 0; at < steps; at++) {
    const place = reverse ? steps - 1 - at : at;
    let data = stepAt(graph, write, x, place, step);
    for (const [layer, sums] of cells.entries()) {
      const { hidden, cell } = states[layer];
      const parts = partsOf(graph, write, sums(data, hidden), cut);
      const [input, forget, candidate, output] = order.map((gate) => parts[gate]);
      const kept = write(mul, [write(sigmoid, [forget]), cell], plain);
      const after = write(add, [kept, write(mul, [write(sigmoid, [input]), write(tanh, [candidate])], plain)], plain);
      data = write(mul, [write(sigmoid, [output]), write(tanh, [after])], plain);
      states[layer] = { hidden: data, cell: after };
    }
    outputs.push(write(reshape, [data], { shape: [batch, 1, units] }));
  }
  const all = write(concat, reverse ? outputs.toReversed() : outputs, { axis: 1 });
  graph.setOutputs([all, states.at(-1)!.cell]);
  return graph;
}

/** The steps of a layer as core ATen has them, from the last one on where data and results are `turned` around. */
function decomposed(steps: number, turned: boolean): Graph {
  const graph = new Graph("decomposed");
  const next = numberStream();
  const constant = (...shape: number[]) => graph.addConstant("w", randomTensor(shape, next));
  const write: Write = (op, inputs, attributes = {}) => graph.addNode({ op, inputs, attributes, name: "n" }).outputs[0];
  const x = graph.addInput("x", { dtype: "f32", shape: [steps, batch, inputs] });
  const [w, r, b] = [constant(4 * units, inputs), constant(4 * units, units), constant(4 * units)];
  const sums = write(linear, [x, w, b], plain);
  const backwards = { starts: [steps - 1, 0, 0], sizes: [steps, batch, 4 * units], steps: [-1, 1, 1] };
  const data = turned ? write(slice, [sums], backwards) : sums;
  let hidden = graph.addConstant("h", fromNumbers("f32", [batch, units], new Float32Array(batch * units)));
  let cell = graph.addConstant("c", fromNumbers("f32", [1, batch, units], new Float32Array(batch * units)));
  const outputs: Value[] = [];
  for (let at = 0; at < steps; at++) {
    const cut = { starts: [at, 0, 0], sizes: [1, batch, 4 * units], steps: [1, 1, 1] };
    const step = write(reshape, [write(slice, [data], cut)], { shape: [batch, 4 * units] });
    const seen = write(reshape, [write(linear, [hidden, r], plain)], { shape: [1, batch, 4 * units] });
    const gates = { axis: 2, sizes: [units, units, units, units] };
    const sum = write(add, [seen, step], plain);
    const [input, forget, candidate, output] = graph.addNode({ op: split, inputs: [sum], attributes: gates }).outputs;
    const kept = write(mul, [write(sigmoid, [forget]), cell], plain);
    cell = write(add, [kept, write(mul, [write(sigmoid, [input]), write(tanh, [candidate])], plain)], plain);
    const after = write(mul, [write(sigmoid, [output]), write(tanh, [cell])], plain);
    outputs.push(after);
    hidden = write(reshape, [after], { shape: [batch, units] });
  }
  graph.setOutputs([write(concat, turned ? outputs.toReversed() : outputs, { axis: 0 }), hidden, cell]);
  return graph;
}

function stepAt(graph: Graph, write: Write, x: Value, place: number, how: Style["step"]): Value {
  if (how === "gather")
    return write(gather, [x, graph.addConstant("at", fromNumbers("i64", [], [place]))], { axis: 1 });
  const cut = write(slice, [x], { starts: [0, place, 0], sizes: [batch, 1, inputs], steps: [1, 1, 1] });
  return write(reshape, [cut], { shape: [batch, inputs] });
}

function partsOf(graph: Graph, write: Write, sums: Value, how: Style["cut"]): readonly Value[] {
  const gates = [0, 1, 2, 3];
  if (how === "slice")
    return gates.map((at) => write(slice, [sums], { starts: [0, at * units], sizes: [batch, units], steps: [1, 1] }));
  const attributes = { axis: 1, sizes: gates.map(() => units) };
  return graph.addNode({ op: split, inputs: [sums], attributes, name: "gates" }).outputs;
}

const styles: Readonly<Record<string, Style>> = {
  "PyTorch's cell, split": { order: [0, 1, 2, 3], cut: "split", step: "gather" },
  "PyTorch's cell, sliced, from the end": { order: [0, 1, 2, 3], cut: "slice", step: "slice", reverse: true },
  "Keras' cell on joined data": { order: [0, 1, 2, 3], cut: "split", step: "slice", joined: true },
  "TensorFlow's cell on joined data": { order: [0, 2, 1, 3], cut: "split", step: "gather", joined: true },
  "two layers step by step": { order: [0, 1, 2, 3], cut: "split", step: "gather", layers: 2 },
};

describe("a loop over a cell", () => {
  it.each(Object.entries(styles))("becomes one operator for each layer: %s", (_, style) => {
    const found = recognized(exported(4, style));
    expect(found.filter((name) => name === "lstm")).toHaveLength(style.layers ?? 1);
    expect(found).not.toContain("tanh");
    expect(found).not.toContain("linear");
  });

  it.each([false, true])(
    "becomes one operator where core ATen keeps the states under an axis more, turned: %s",
    (turned) => {
      const graph = decomposed(3, turned);
      const found = recognized(graph);
      expect(found.filter((name) => !["reshape", "slice"].includes(name))).toEqual(["lstm"]);
      expect(found.filter((name) => name === "slice")).toHaveLength(turned ? 2 : 0);
    },
  );

  it("that gives what a step between computes keeps giving it", () => {
    const graph = exported(3, styles["PyTorch's cell, split"]);
    const hidden = [...graph.nodes()].filter(({ op }) => op === reshape).map(({ inputs }) => inputs[0]!);
    graph.setOutputs([...graph.outputs, hidden[1]]);
    expect(recognized(graph)).toEqual(["lstm", "slice", "reshape"]);
  });

  it("stays if its steps differ, or feed on what they gave", () => {
    const other = exported(2, styles["PyTorch's cell, split"]);
    const last = [...other.nodes()].filter(({ op }) => op === linear).at(-2)!;
    other.setInput(last, 1, other.addConstant("other", randomTensor([4 * units, inputs], numberStream(5))));
    expect(recognized(other)).not.toContain("lstm");
    const read = exported(3, styles["PyTorch's cell, split"]);
    const cell = [...read.nodes()].filter(({ op }) => op === tanh)[1].inputs[0]!;
    read.setOutputs([...read.outputs, cell]);
    const report = runPasses(read, [recognizeUnrolledLstm]);
    expect(report.decisions.map(({ message }) => message)).toEqual([
      "its 3 steps stay: its cell state is read between two of them",
    ]);
  });
});

test("the work is linear in the number of steps", () => {
  const work = (steps: number) => {
    const graph = exported(steps, styles["PyTorch's cell, split"]);
    return workOf(() => runPasses(graph, [recognizeUnrolledLstm]));
  };
  work(10);
  expect(work(400) / work(100)).toBeLessThan(5);
});
