import { fromNumbers, Graph, perAxis, perTensor, type Tensor, type Value } from "@millrace/ir";
import { add, averagePool2d, conv2d, maxPool2d, pad } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  compileFitting,
  compileGraph,
  isSegment,
  type Machine,
  machines,
  type NpuCompilation,
  npuEngine,
  processorCycles,
} from "../index.ts";

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

function bytes(seed: number, shape: readonly number[]): Tensor {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 24) - 128;
  };
  return fromNumbers("i8", shape, Array.from({ length: count(shape) }, next));
}

const typeOf = (shape: readonly number[], scale = 0.05) => ({
  dtype: "i8" as const,
  shape,
  quantization: perTensor(scale, 3),
});

const steps = {
  wide: (graph, x) => convolve(graph, x, 24, 1, 1),
  narrow: (graph, x) => convolve(graph, x, 3, 1, 1),
  window: (graph, x) => convolve(graph, x, x.type.shape[3] as number, 3, 1),
  strided: (graph, x) => convolve(graph, x, 8, 3, 2),
  residual: (graph, x) => {
    const inputs = [x, convolve(graph, x, x.type.shape[3] as number, 3, 1)];
    const outputTypes = [{ ...x.type, quantization: perTensor(0.07, -2) }];
    return graph.addNode({ op: add, inputs, attributes: { activation: "relu" }, outputTypes }).outputs[0];
  },
  mean: (graph, x) => pool(graph, x, { op: averagePool2d, own: { countPadding: false } }),
  greatest: (graph, x) => pool(graph, x, { op: maxPool2d, own: { dilation: [1, 1] } }),
  padded: (graph, x) => {
    const attributes = { before: [0, 1, 0, 0], after: [0, 1, 2, 0], mode: "constant", value: 0 };
    const [{ shape }] = pad.infer([x], attributes);
    return graph.addNode({ op: pad, inputs: [x], attributes, outputTypes: [{ ...x.type, shape }] }).outputs[0];
  },
} satisfies Record<string, (graph: Graph, x: Value) => Value>;

type Kind = keyof typeof steps;

function convolve(graph: Graph, x: Value, outputs: number, kernel: number, stride: number): Value {
  const depth = x.type.shape[3] as number;
  const scales = Array.from({ length: outputs }, (_, index) => 0.002 * (1 + (index % 5)));
  const weights = graph.addConstant("w", bytes(outputs, [outputs, kernel, kernel, depth]), perAxis(scales, 0));
  const border = (kernel - 1) / 2;
  const attributes = {
    stride: [stride, stride],
    dilation: [1, 1],
    padding: [border, border, border, border],
    groups: 1,
    layout: "last",
    activation: "none",
  };
  const [{ shape }] = conv2d.infer([x, weights], attributes);
  const outputTypes = [typeOf(shape as readonly number[], 0.3)];
  return graph.addNode({ op: conv2d, inputs: [x, weights], attributes, outputTypes }).outputs[0];
}

interface Pool {
  readonly op: typeof averagePool2d | typeof maxPool2d;
  readonly own: Readonly<Record<string, boolean | readonly number[]>>;
}

function pool(graph: Graph, x: Value, { op, own }: Pool): Value {
  const window = { kernel: [3, 3], stride: [2, 1], padding: [1, 1, 1, 1], layout: "last", activation: "none" };
  const attributes = { ...window, ...own };
  const [{ shape }] = op.infer([x], attributes);
  return graph.addNode({ op, inputs: [x], attributes, outputTypes: [{ ...x.type, shape }] }).outputs[0];
}

function network(sizes: readonly number[], kinds: readonly Kind[]): Graph {
  const graph = new Graph("network");
  graph.setOutputs([kinds.reduce((x, kind) => steps[kind](graph, x), graph.addInput("x", typeOf(sizes)) as Value)]);
  return graph;
}

/** A machine of so much memory, with a processor that leaves everything to the array. */
function machineOf(memoryBytes: number): Machine {
  const { memory, storage, processor } = machines.imxrt700;
  return {
    ...machines.imxrt700,
    memory: { ...memory, bytes: memoryBytes },
    storage: { ...storage, direct: true },
    processor: { ...processor, element: 1e6 },
  };
}

const neededBytes = (graph: Graph) =>
  Math.max(
    ...compileGraph(graph, machineOf(2 ** 24))
      .phases.filter(isSegment)
      .map(({ program }) => program.memoryBytes),
  );

async function expectEqual(graph: Graph, machine: Machine): Promise<void> {
  const feeds = new Map([["x", bytes(9, graph.inputs[0].type.shape as readonly number[])]]);
  const expected = await (await referenceEngine().prepare(graph)).run(feeds);
  expect(await (await npuEngine(machine).prepare(graph)).run(feeds)).toEqual(expected);
}

test("layers that don't fit are computed in stripes without a copy, and nothing is left to the processor", async () => {
  const graph = network([1, 24, 24, 3], ["wide", "window", "strided", "narrow"]);
  expect(neededBytes(graph)).toBe(2 * 24 * 24 * 24);
  const machine = machineOf(16_000);
  expect(compileGraph(graph, machine).lacking.size).toBeGreaterThan(0);
  const { compilation, diagnostics } = compileFitting(graph, machine);
  expect(diagnostics.map(({ code }) => code)).toEqual(["memory.patches"]);
  expect([...compilation.reasons]).toEqual([]);
  const [{ program }] = compilation.phases.filter(isSegment);
  expect(program.memoryBytes).toBeLessThanOrEqual(16_000);
  expect([...new Set(program.commands.map(({ kind }) => kind.name))]).toEqual(["convolve"]);
  await expectEqual(graph, machine);
});

/** Cycles of the processor for what does not fit. */
function lackOf({ machine, lacking }: NpuCompilation): number {
  return [...lacking].reduce((sum, node) => sum + processorCycles(node, machine.processor), 0);
}

test("random networks compute the same in any memory", async () => {
  let patched = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(
        fc.constant(1),
        fc.integer({ min: 12, max: 24 }),
        fc.integer({ min: 8, max: 12 }),
        fc.constantFrom(4, 8),
      ),
      fc.array(fc.constantFrom(...(Object.keys(steps) as Kind[])), { minLength: 2, maxLength: 5 }),
      fc.double({ min: 0.5, max: 0.95, noNaN: true }),
      async (sizes, kinds, share) => {
        const graph = network(sizes, ["wide", ...kinds]);
        const machine = machineOf(Math.round(neededBytes(graph) * share));
        const { diagnostics, compilation } = compileFitting(graph, machine);
        if (diagnostics.length > 0) patched++;
        expect(lackOf(compilation)).toBeLessThanOrEqual(lackOf(compileGraph(graph, machine)));
        await expectEqual(graph, machine);
      },
    ),
    { numRuns: 15, seed: 1 },
  );
  expect(patched).toBeGreaterThan(2);
});
