import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Graph, numbersOf, type Tensor } from "@millrace/ir";
import { transposeTensor } from "@millrace/ops";
import { load, prepare, wasmEngine, write } from "@millrace/toolkit";
import { pathOf } from "../golden.ts";
import { readNpy } from "../npy.ts";
import type { ProgramFile } from "./program-files.ts";

export interface ProgramOutcome {
  /** Greatest differences from PyTorch's results: of the imported graph, of the TFLite file and of the ExecuTorch program. */
  readonly imported: number;
  readonly written: number;
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
  const imported = await differenceOf(model.graph, stored, results, (sample) => sample);
  const { graph, boundary } = prepare(loaded(name), { ioLayout: "nhwc" });
  const file = write(graph, "tflite");
  const order = boundary.find(({ kind }) => kind === "input")?.permutation;
  const turned = (sample: Tensor) => (order ? transposeTensor(sample, order) : sample);
  const back = boundary.find(({ kind }) => kind === "output")?.permutation;
  const written = await differenceOf(
    load({ name: "model.tflite", bytes: file.bytes }).graph,
    stored,
    results,
    turned,
    back,
  );
  const program = write(prepare(loaded(name), { ioLayout: "source", unrolled: true }).graph, "pte");
  const read = load({ name: "model.pte", bytes: program.bytes }).graph;
  const executorch = await differenceOf(read, stored, results, (sample) => sample);
  const { operators } = file;
  return { imported, written, executorch, operators, fromOnnx: onnx === undefined ? undefined : operatorsOf(onnx) };
}

function loaded(name: string) {
  return load({ name: basename(name), bytes: new Uint8Array(readFileSync(pathOf(name))) });
}

function operatorsOf(name: string): Readonly<Record<string, number>> {
  return write(prepare(loaded(name), { ioLayout: "nhwc" }).graph, "tflite").operators;
}

/** The greatest difference over the samples, which are run one by one. */
async function differenceOf(
  graph: Graph,
  inputs: Tensor,
  results: Tensor,
  turn: (sample: Tensor) => Tensor,
  order?: readonly number[],
): Promise<number> {
  const prepared = await wasmEngine().prepare(graph);
  let worst = 0;
  for (let index = 0; index < Math.min(mostSamples, inputs.shape[0]); index++) {
    const [input] = graph.inputs;
    const run = await prepared.run(new Map([[input.name, turn(sampleOf(inputs, index))]]));
    const wanted = sampleOf(results, index);
    const expected = order ? transposeTensor(wanted, order) : wanted;
    worst = Math.max(worst, greatest(run.get(graph.outputs[0].name)!, expected));
  }
  await prepared.dispose();
  return worst;
}

/** Sample `index` as a batch of one. */
function sampleOf({ dtype, shape, data }: Tensor, index: number): Tensor {
  const count = data.length / shape[0];
  return { dtype, shape: [1, ...shape.slice(1)], data: data.subarray(index * count, (index + 1) * count) };
}

function greatest(actual: Tensor, expected: Tensor): number {
  if (actual.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  const [left, right] = [numbersOf(actual), numbersOf(expected)];
  return Array.from(left).reduce((most, value, at) => Math.max(most, Math.abs(value - right[at])), 0);
}
