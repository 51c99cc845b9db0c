import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createLiteRt, createTfjsTflite, type TfliteRunner } from "@millrace/devices/node";
import { bytesOf, type Graph, numbersOf, type Tensor, viewBytes } from "@millrace/ir";
import { transposeTensor } from "@millrace/ops";
import { load, prepare, wasmEngine, write } from "@millrace/toolkit";
import { pathOf } from "../golden.ts";
import { readNpy } from "../npy.ts";
import type { ProgramFile } from "./program-files.ts";

export interface ProgramOutcome {
  /** Greatest differences from PyTorch's results: of the imported graph, of the TFLite file here and in LiteRT, and of the ExecuTorch program. */
  readonly imported: number;
  readonly written: number;
  readonly litert: number;
  readonly executorch: number;
  /** Operators of the TFLite file, and those of the file that the ONNX model gives. */
  readonly operators: Readonly<Record<string, number>>;
  readonly fromOnnx: Readonly<Record<string, number>> | undefined;
}

/** Samples that are run of each file. */
const mostSamples = 4;

/** Imports a program, runs it as it is, as a TFLite file and as an ExecuTorch program, and compares with what PyTorch computed. */
export async function checkProgram({ name, samples, permutation, onnx }: ProgramFile): Promise<ProgramOutcome> {
  const [inputs, results] = samples.map((path) => readNpy(pathOf(path)));
  const stored = permutation ? transposeTensor(inputs, permutation) : inputs;
  const model = loaded(name);
  const asStored = { inputs: stored, results, turn: (sample: Tensor) => sample };
  const imported = await differenceOf(graphRunner(model.graph), asStored);
  const { graph, boundary } = prepare(loaded(name), { ioLayout: "nhwc" });
  const file = write(graph, "tflite");
  const order = boundary.find(({ kind }) => kind === "input")?.permutation;
  const turned = (sample: Tensor) => (order ? transposeTensor(sample, order) : sample);
  const back = boundary.find(({ kind }) => kind === "output")?.permutation;
  const channelsLast = { inputs: stored, results, turn: turned, ...(back && { order: back }) };
  const written = await differenceOf(graphRunner(read("model.tflite", file.bytes)), channelsLast);
  const litert = await differenceOf(litertRunner(file.bytes), channelsLast);
  const program = write(prepare(loaded(name), { ioLayout: "source", unrolled: true }).graph, "pte");
  const executorch = await differenceOf(graphRunner(read("model.pte", program.bytes)), asStored);
  const { operators } = file;
  return {
    imported,
    written,
    litert,
    executorch,
    operators,
    fromOnnx: onnx === undefined ? undefined : operatorsOf(onnx),
  };
}

/** A file of the shared folder as a model. */
export function loaded(name: string) {
  return load({ name: basename(name), bytes: new Uint8Array(readFileSync(pathOf(name))) });
}

function operatorsOf(name: string): Readonly<Record<string, number>> {
  return write(prepare(loaded(name), { ioLayout: "nhwc" }).graph, "tflite").operators;
}

function read(name: string, bytes: Uint8Array): Graph {
  return load({ name, bytes }).graph;
}

/** Runs one sample after the other. */
interface Runner {
  run(sample: Tensor): Promise<Tensor>;
  dispose(): Promise<void> | void;
}

async function graphRunner(graph: Graph): Promise<Runner> {
  const prepared = await wasmEngine().prepare(graph);
  const [input] = graph.inputs;
  return {
    run: async (sample) => (await prepared.run(new Map([[input.name, sample]]))).get(graph.outputs[0].name)!,
    dispose: () => prepared.dispose(),
  };
}

async function loadedBy(create: typeof createLiteRt, file: Uint8Array): Promise<TfliteRunner> {
  return (await create()).load(file);
}

/** LiteRT.js does not load files with states, which the older tfjs-tflite takes. */
async function litertRunner(file: Uint8Array): Promise<Runner> {
  const runner = await loadedBy(createLiteRt, file).catch(() => loadedBy(createTfjsTflite, file));
  const [{ shape }] = runner.outputs;
  return {
    run: async (sample) => viewBytes("f32", shape, (await runner.run([bytesOf(sample)]))[0]),
    dispose: () => runner.dispose(),
  };
}

/** What is run, what PyTorch made of it, and how the axes of both stand in the file. */
interface Samples {
  readonly inputs: Tensor;
  readonly results: Tensor;
  readonly turn: (sample: Tensor) => Tensor;
  readonly order?: readonly number[];
}

/** The greatest difference over the samples, which are run one by one. */
async function differenceOf(starting: Promise<Runner>, { inputs, results, turn, order }: Samples): Promise<number> {
  const runner = await starting;
  let worst = 0;
  for (let index = 0; index < Math.min(mostSamples, inputs.shape[0]); index++) {
    const wanted = sampleOf(results, index);
    const expected = order ? transposeTensor(wanted, order) : wanted;
    worst = Math.max(worst, greatest(await runner.run(turn(sampleOf(inputs, index))), expected));
  }
  await runner.dispose();
  return worst;
}

/** Sample `index` as a batch of one. */
export function sampleOf({ dtype, shape, data }: Tensor, index: number): Tensor {
  const count = data.length / shape[0];
  return { dtype, shape: [1, ...shape.slice(1)], data: data.subarray(index * count, (index + 1) * count) };
}

/** The greatest difference of two tensors of reals; infinite where their shapes differ. */
export function greatest(actual: Tensor, expected: Tensor): number {
  if (actual.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  const [left, right] = [numbersOf(actual), numbersOf(expected)];
  return Array.from(left).reduce((most, value, at) => Math.max(most, Math.abs(value - right[at])), 0);
}
