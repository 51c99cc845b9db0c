import { fromNumbers, Graph, perAxis, perTensor } from "@millrace/ir";
import { conv2d } from "@millrace/ops";
import { describe, expect, test } from "vitest";
import {
  compileGraph,
  isSegment,
  type Machine,
  machines,
  type NpuOptions,
  profileCompilation,
  simulate,
} from "./index.ts";

/** A convolution of 3x3 with a ReLU, whose rows are narrow, and weights up to `most`. */
function convolution(most = 127): Graph {
  const graph = new Graph("one");
  const type = (channels: number) =>
    ({ dtype: "i8", shape: [1, 6, 4, channels], quantization: perTensor(0.05, 1) }) as const;
  const x = graph.addInput("x", type(16));
  const weights = Array.from({ length: 16 * 9 * 16 }, (_, at) => ((at * 7) % (2 * most + 1)) - most);
  const scales = perAxis(new Array<number>(16).fill(0.002), 0);
  const inputs = [x, graph.addConstant("w", fromNumbers("i8", [16, 3, 3, 16], weights), scales)];
  const attributes = {
    stride: [1, 1],
    dilation: [1, 1],
    padding: [1, 1, 1, 1],
    groups: 1,
    layout: "last",
    activation: "relu",
  };
  graph.setOutputs(graph.addNode({ op: conv2d, inputs, attributes, outputTypes: [type(16)] }).outputs);
  return graph;
}

/** Names of the commands, and cycles, on a machine with some features. */
function resultOf(
  graph: Graph,
  features: Partial<Machine["features"]>,
  options: NpuOptions = {},
  others: Partial<Machine> = {},
) {
  const known = machines.imxrt700;
  const machine = { ...known, ...others, features: { ...known.features, ...features } };
  const compilation = compileGraph(graph, machine, options);
  const commands = compilation.phases.filter(isSegment).flatMap(({ program }) => program.commands);
  return {
    commands: commands.map(({ kind }) => kind.name),
    copied: sum(commands.map(({ kind, fields }) => (kind.name === "transfer" ? fields.bytes : 0))),
    weightBytes: sum(commands.map(({ fields }) => fields.weightBytes ?? 0)),
    cycles: profileCompilation(compilation).cycles,
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe("features of a machine", () => {
  test("an array that can't clamp does so in a pass of its own, which takes time", () => {
    const [clamping, plain] = [true, false].map((activation) => resultOf(convolution(), { activation }));
    expect(clamping.commands).toEqual(["convolve"]);
    expect(plain.commands).toEqual(["convolve", "look-up"]);
    const bytes = 2 * 6 * 4 * 16;
    expect(plain.cycles - clamping.cycles).toBeCloseTo(bytes / 8 + machines.imxrt700.modes.sequencer.operator, 6);
  });

  test("a cache that holds a group's weights has them streamed once for all rows", () => {
    const block = 9 * 2 * 64;
    const [none, small, enough] = [0, block - 1, block].map((cacheBytes) => resultOf(convolution(), { cacheBytes }));
    expect(small).toEqual(none);
    const [streaming, computing] = [block / 8, 9 * 2 * 4];
    expect(none.cycles - enough.cycles).toBeCloseTo(2 * 5 * (streaming - computing), 6);
  });

  test("a cache that holds the lines of a group of pixels has each come in once", () => {
    const windows = 9 * 2 * 64;
    const lines = 3 * 6 * 16;
    const slow = { ports: { weights: 8, data: 1 } };
    const cyclesOf = (cacheBytes: number) => resultOf(convolution(), { cacheBytes }, { mapByLine: true }, slow).cycles;
    expect(cyclesOf(lines - 1)).toBe(cyclesOf(0));
    const byDepth = 12 * (9 * 2 * 4 * 8 + 4);
    const byLine = 6 * (lines + 16);
    expect(byDepth).toBeLessThan(6 * (windows + 16));
    expect(cyclesOf(0) - cyclesOf(lines)).toBeCloseTo(byDepth - byLine, 6);
  });

  test("an array that decompresses has less copied and streamed", () => {
    const graph = convolution(12);
    const options = { weights: "storage" } as const;
    const [plain, small] = [false, true].map((decompression) => resultOf(graph, { decompression }, options));
    expect(small.commands).toEqual(plain.commands);
    expect(small.copied).toBeLessThan(0.7 * plain.copied);
    const { copyBytesPerCycle } = machines.imxrt700.storage;
    const streamed = (2 * 9 * 2 * 64 - small.weightBytes) / 8;
    const saved = (plain.copied - small.copied) / copyBytesPerCycle + 6 * streamed;
    expect(plain.cycles - small.cycles).toBeCloseTo(saved, -1);
  });

  test.each(["activation", "decompression"] as const)(
    "a machine without %s refuses a program that takes it",
    (lacking) => {
      const whole = { ...machines.imxrt700, features: { ...machines.imxrt700.features, decompression: true } };
      const [segment] = compileGraph(convolution(12), whole).phases.filter(isSegment);
      const less = { ...whole, features: { ...whole.features, [lacking]: false } };
      expect(() => simulate(segment.program, less)).toThrow(new RegExp(`takes ${lacking}`));
    },
  );
});
