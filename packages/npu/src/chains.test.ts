import { DiagnosticError, fromNumbers, Graph, perAxis, perTensor, type Value, type ValueType } from "@millrace/ir";
import { add, averagePool2d, conv2d, maxPool2d, mean, sigmoid } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compileGraph,
  decodeProgram,
  encodeProgram,
  isSegment,
  type Machine,
  machines,
  npuEngine,
  simulate,
} from "./index.ts";

const known = machines.imxrt700;
const machine: Machine = {
  ...known,
  features: { ...known.features, tables: true, pooling: true },
  processor: { ...known.processor, element: 1e6 },
};

const typeOf = (height: number, width: number, scale = 0.05, zero = 3): ValueType => ({
  dtype: "i8",
  shape: [1, height, width, 12],
  quantization: perTensor(scale, zero),
});

const numbers = (count: number) => Array.from({ length: count }, (_, at) => ((at * 37) % 251) - 125);
const window = { kernel: [2, 3], stride: [2, 1], padding: [0, 1, 1, 0], layout: "last", activation: "none" };

/** What may come behind a convolution. */
const tails: Readonly<Record<string, (graph: Graph, x: Value) => Value>> = {
  sigmoid: (graph, x) =>
    graph.addNode({
      op: sigmoid,
      inputs: [x],
      attributes: {},
      outputTypes: [{ ...x.type, quantization: perTensor(1 / 256, -128) }],
    }).outputs[0],
  greatest: (graph, x) => {
    const attributes = { ...window, dilation: [1, 1] };
    const [{ shape }] = maxPool2d.infer([x], attributes);
    return graph.addNode({ op: maxPool2d, inputs: [x], attributes, outputTypes: [{ ...x.type, shape }] }).outputs[0];
  },
  average: (graph, x) => {
    const attributes = { ...window, countPadding: false };
    const [{ shape }] = averagePool2d.infer([x], attributes);
    return graph.addNode({ op: averagePool2d, inputs: [x], attributes, outputTypes: [{ ...x.type, shape }] })
      .outputs[0];
  },
  mean: (graph, x) =>
    graph.addNode({
      op: mean,
      inputs: [x],
      attributes: { axes: [1, 2], keepDims: true },
      outputTypes: [typeOf(1, 1, 0.02, -9)],
    }).outputs[0],
};

/** A convolution, or a sum, and what comes behind it; the convolution's result is an output too where it is `shown`. */
function network(first: "conv2d" | "depthwise" | "add", behind: readonly string[], shown = false): Graph {
  const graph = new Graph("chain");
  const x = graph.addInput("x", typeOf(7, 5));
  const depth = first === "depthwise" ? 1 : 12;
  const weights = fromNumbers("i8", [12, 3, 3, depth], numbers(108 * depth));
  const scales = perAxis(new Array<number>(12).fill(0.002), 0);
  const attributes = {
    stride: [1, 1],
    dilation: [1, 1],
    padding: [1, 1, 1, 1],
    groups: 12 / depth,
    layout: "last",
    activation: "relu",
  };
  const y = (
    first === "add"
      ? graph.addNode({
          op: add,
          inputs: [x, x],
          attributes: { activation: "relu" },
          outputTypes: [typeOf(7, 5, 0.1, 0)],
        })
      : graph.addNode({
          op: conv2d,
          inputs: [x, graph.addConstant("w", weights, scales)],
          attributes,
          outputTypes: [typeOf(7, 5, 0.1, -20)],
        })
  ).outputs[0] as Value;
  const result = behind.reduce((value, name) => tails[name](graph, value), y);
  graph.setOutputs(shown ? [result, y] : [result]);
  return graph;
}

const feeds = new Map([["x", fromNumbers("i8", [1, 7, 5, 12], numbers(420))]]);

function programOf(graph: Graph, target = machine, options = {}) {
  const [segment] = compileGraph(graph, target, options).phases.filter(isSegment);
  return segment.program;
}

const namesOf = (...args: Parameters<typeof programOf>) => programOf(...args).commands.map(({ kind }) => kind.name);

describe("commands in line", () => {
  const commandOf = { conv2d: "convolve", depthwise: "depthwise", add: "combine" };
  const unitOf: Readonly<Record<string, string>> = {
    sigmoid: "look-up",
    greatest: "pool",
    average: "pool",
    mean: "average",
  };
  const chains = (["conv2d", "depthwise", "add"] as const).flatMap((first) =>
    [
      ["sigmoid"],
      ["greatest"],
      ["average"],
      ["mean"],
      ["sigmoid", "greatest"],
      ["average", "sigmoid"],
      ["greatest", "mean", "sigmoid"],
    ].map((behind) => ({ first, behind })),
  );

  test.each(chains)(
    "$first with $behind is one command, whose results are the reference's",
    async ({ first, behind }) => {
      const graph = network(first, behind);
      const program = programOf(graph);
      expect(program.commands.map(({ kind }) => kind.name)).toEqual([
        [commandOf[first], ...behind.map((name) => unitOf[name])].join("+"),
      ]);
      expect(decodeProgram(encodeProgram(program))).toEqual(program);
      const apart = programOf(graph, { ...machine, features: known.features });
      expect(program.memoryBytes).toBeLessThanOrEqual(apart.memoryBytes);
      const saved = simulate(apart, machine).cycles - simulate(program, machine).cycles;
      expect(saved).toBeGreaterThan(behind.length * machine.modes.sequencer.operator);
      const expected = await (await referenceEngine().prepare(graph)).run(feeds);
      expect(await (await npuEngine(machine).prepare(graph)).run(feeds)).toEqual(expected);
    },
  );

  test("stay apart where others need what is between, or the machine has no such unit", () => {
    expect(namesOf(network("conv2d", ["greatest"], true))).toEqual(["convolve", "pool"]);
    expect(namesOf(network("conv2d", ["sigmoid"], true))).toEqual(["convolve", "look-up"]);
    const less = (feature: "tables" | "pooling") => ({
      ...machine,
      features: { ...machine.features, [feature]: false },
    });
    expect(namesOf(network("conv2d", ["greatest", "sigmoid"]), less("pooling"))).toEqual(["convolve", "pool+look-up"]);
    expect(namesOf(network("conv2d", ["greatest", "sigmoid"]), less("tables"))).toEqual(["convolve+pool", "look-up"]);
  });

  test("clamp by a table where the array has tables and no clamps", async () => {
    const graph = network("conv2d", ["greatest"]);
    const tabled = { ...machine, features: { ...machine.features, activation: false } };
    expect(namesOf(graph, tabled)).toEqual(["convolve+look-up+pool"]);
    const expected = await (await referenceEngine().prepare(graph)).run(feeds);
    expect(await (await npuEngine(tabled).prepare(graph)).run(feeds)).toEqual(expected);
  });

  test("are not pooled where pipelines are pixels", () => {
    const slow = { ...machine, ports: { weights: 0.1, data: 8 } };
    expect(namesOf(network("conv2d", ["greatest"]), slow, { mapByLine: true })).toEqual(["convolve", "pool"]);
  });

  test("are refused by a machine without the unit", () => {
    expect(() => simulate(programOf(network("conv2d", ["mean"])), known)).toThrow(/takes pooling/);
  });

  test("give a diagnostic or run to the end, wherever their bytes are damaged", () => {
    const bytes = encodeProgram(programOf(network("conv2d", ["sigmoid", "greatest"])));
    const input = new Uint8Array(420);
    const change = fc.record({ at: fc.nat(400), value: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = bytes.slice();
        for (const { at, value } of changes) damaged[at] = value;
        try {
          simulate(decodeProgram(damaged), machine, [input]);
        } catch (error) {
          expect(error).toBeInstanceOf(DiagnosticError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
