import { readTflite, writeCustomOptions } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import { type DType, fromNumbers, type Graph, numbersOf } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { exportTflite } from "@millrace/targets/tflite";
import { describe, expect, it, test } from "vitest";
import { importFile, isShared } from "./golden.ts";
import { Random } from "./tensorflow/random.ts";
import { type Operand, singleOperator } from "./tensorflow/single-operator.ts";

/** Runs one input after the other and gives the file's own results of each run. */
async function resultsOf(graph: Graph, runs: readonly (readonly number[])[]): Promise<number[][][]> {
  const prepared = await referenceEngine().prepare(graph);
  const [{ name, type }] = graph.inputs;
  const found: number[][][] = [];
  for (const run of runs) {
    const results = await prepared.run(new Map([[name, fromNumbers(type.dtype, type.shape as number[], run)]]));
    const own = graph.outputs.slice(0, graph.outputs.length - graph.states.length);
    found.push(own.map((value) => Array.from(numbersOf(results.get(value.name)!))));
  }
  return found;
}

const operand = (dtype: DType, ...shape: number[]): Operand => ({ dtype, shape });

function graphOf(name: string, options: Uint8Array, inputs: readonly Operand[], outputs: readonly Operand[]): Graph {
  const draft = { operator: "CUSTOM", custom: { name, options }, inputs, outputs } as const;
  return importTflite(readTflite(singleOperator(draft, new Random(name, 1)).bytes)).graph;
}

const throughFile = (graph: Graph) => importTflite(readTflite(exportTflite(graph).bytes)).graph;

interface SoundCase {
  readonly name: string;
  readonly options: Readonly<Record<string, number | boolean>>;
  readonly input: Operand;
  readonly outputs: readonly Operand[];
  readonly runs: readonly (readonly number[])[];
  readonly results: readonly (readonly (readonly number[])[])[];
}

const one = operand("i32");
const truth = { ...one, dtype: "bool" } as const;

/** Numbers of the framer, the stacker and the subtraction are those of TFLite Micro's own tests. */
const cases: readonly SoundCase[] = [
  {
    name: "SignalFramer",
    options: { frameSize: 3, frameStep: 1, prefill: false },
    input: operand("i16", 1),
    outputs: [operand("i16", 1, 3), truth],
    runs: [[0x1234], [0x5678], [0x4321], [0x7777]],
    results: [
      [[0, 0, 0], [0]],
      [[0, 0, 0], [0]],
      [[0x1234, 0x5678, 0x4321], [1]],
      [[0x5678, 0x4321, 0x7777], [1]],
    ],
  },
  {
    name: "SignalFramer",
    options: { frameSize: 5, frameStep: 2, prefill: true },
    input: operand("i16", 4),
    outputs: [operand("i16", 2, 5), truth],
    runs: [[0x1010, 0x202, 0x7070, 0x606]],
    results: [[[0, 0, 0, 0x1010, 0x202, 0, 0x1010, 0x202, 0x7070, 0x606], [1]]],
  },
  {
    name: "SignalStacker",
    options: { numChannels: 3, stackerLeftContext: 1, stackerRightContext: 0, stackerStep: 1 },
    input: operand("i16", 3),
    outputs: [operand("i16", 6), truth],
    runs: [
      [0x1234, 0x5678, 0x4321],
      [1, 2, 3],
    ],
    results: [
      [[0x1234, 0x5678, 0x4321, 0x1234, 0x5678, 0x4321], [1]],
      [[0x1234, 0x5678, 0x4321, 1, 2, 3], [1]],
    ],
  },
  {
    name: "SignalDelay",
    options: { delayLength: 3 },
    input: operand("i16", 2, 2),
    outputs: [operand("i16", 2, 2)],
    runs: [
      [1, 2, 5, 6],
      [3, 4, 7, 8],
    ],
    results: [[[0, 0, 0, 0]], [[0, 1, 0, 5]]],
  },
  {
    name: "SignalOverlapAdd",
    options: { frameStep: 1 },
    input: operand("i16", 1, 3),
    outputs: [operand("i16", 1)],
    runs: [
      [1, 2, 3],
      [30000, 30000, 0],
      [30000, 0, 0],
    ],
    results: [[[1]], [[30002]], [[32767]]],
  },
  {
    name: "CIRCULAR_BUFFER",
    options: { cyclesMax: 1 },
    input: operand("i8", 1, 1, 1, 2),
    outputs: [operand("i8", 1, 3, 1, 2)],
    runs: [
      [1, 2],
      [3, 4],
    ],
    results: [[[0, 0, 0, 0, 1, 2]], [[0, 0, 1, 2, 3, 4]]],
  },
  {
    name: "SignalFilterBankSpectralSubtraction",
    options: {
      numChannels: 4,
      smoothing: 655,
      oneMinusSmoothing: 15729,
      alternateSmoothing: 655,
      alternateOneMinusSmoothing: 15729,
      smoothingBits: 0,
      minSignalRemaining: 819,
      clamping: false,
      spectralSubtractionBits: 14,
    },
    input: operand("u32", 4),
    outputs: [operand("u32", 4), operand("u32", 4)],
    runs: [
      [322, 308, 210, 479],
      [0, 308, 210, 479],
    ],
    results: [
      [
        [310, 296, 202, 460],
        [12, 12, 8, 19],
      ],
      [
        [0, 285, 194, 442],
        [11, 23, 16, 37],
      ],
    ],
  },
];

describe("TFLite Micro's operators for sound keep their samples from run to run, and through a file", () => {
  it.each(cases)("$name $options", async ({ name, options, input, outputs, runs, results }) => {
    const graph = graphOf(name, writeCustomOptions(name, { type: 7, ...options }), [input], outputs);
    expect(await resultsOf(graph, runs)).toEqual(results);
    expect(await resultsOf(throughFile(graph), runs)).toEqual(results);
  });
});

test("options that are damaged or missing are refused", () => {
  const shapes = [[operand("i16", 2)], [operand("i16", 2)]] as const;
  expect(() => graphOf("SignalDelay", Uint8Array.of(1, 2, 3), ...shapes)).toThrow("its options are damaged");
  expect(() => graphOf("SignalDelay", writeCustomOptions("SignalDelay", {}), ...shapes)).toThrow(
    "delayLength is missing",
  );
});

describe.skipIf(!isShared)("TFLite Micro's audio preprocessor", () => {
  it.each(["int8", "float"])("%s gives the same features after a way through a file", async (kind) => {
    const graph = importFile(`assets/tflm/audio_preprocessor_${kind}.tflite`);
    const random = new Random(kind, 1);
    const runs = [0, 1, 2].map((run) =>
      Array.from({ length: 480 }, (_, at) =>
        Math.round(8000 * Math.sin((at * (run + 1)) / 9) + 500 * random.gaussian()),
      ),
    );
    const results = await resultsOf(graph, runs);
    expect(new Set(results.flat(2)).size).toBeGreaterThan(20);
    expect(await resultsOf(throughFile(graph), runs)).toEqual(results);
  });
});
