import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type DType, type Tensor, type Value, viewBytes } from "@millrace/ir";
import { roundHalfToEven } from "@millrace/ops";
import { type PreparedGraph, referenceEngine } from "@millrace/runtime";
import { compareRuns, importFile, pathOf } from "./golden.ts";
import { readModelGolden, storedModels } from "./models.ts";
import { entryOf, readNpy } from "./npy.ts";

/** The longer checks, run by hand: every stored input of every model, and the MLPerf Tiny models on all labelled samples. */
const stored = "fixtures/models/mlperf_all_samples";

async function checkModels(): Promise<void> {
  for (const { name, path, skip } of storedModels()) {
    if (skip) continue;
    const { elements, differing, first } = await compareRuns(importFile(path), readModelGolden(name));
    console.log(`${name}: ${differing} of ${elements} differ ${first}`);
  }
}

/** Reals on a model's input as the stored results were made: x / scale in double, ties to even. */
function quantizeInput(reals: ArrayLike<number>, { type }: Value): Tensor {
  const { scale, zeroPoint } = type.quantization!;
  const data = Int8Array.from({ length: reals.length }, (_, at) => {
    const rounded = roundHalfToEven(reals[at] / scale[0]) + zeroPoint[0];
    return Math.max(-128, Math.min(127, rounded));
  });
  return { dtype: "i8", shape: type.shape as number[], data };
}

function readSamples(dataset: string, file: string, dtype: DType, shape: readonly number[]): Tensor {
  const bytes = gunzipSync(readFileSync(pathOf(`assets/datasets/${dataset}/${file}`)));
  const size = viewBytes(dtype, [0], new Uint8Array(0)).data.BYTES_PER_ELEMENT;
  const count = bytes.byteLength / size / shape.reduce((product, length) => product * length, 1);
  return viewBytes(dtype, [count, ...shape], new Uint8Array(bytes));
}

async function prepare(model: string) {
  const graph = importFile(`assets/mlperf_tiny_models/${model}.tflite`);
  const prepared = await referenceEngine().prepare(graph);
  return { input: graph.inputs[0], output: graph.outputs[0], prepared };
}

async function infer(prepared: PreparedGraph, input: Value, output: Value, feed: Tensor): Promise<Int8Array> {
  return (await prepared.run(new Map([[input.name, feed]]))).get(output.name)!.data as Int8Array;
}

async function checkClassifier(model: string, samples: Tensor, real: (x: number) => number): Promise<void> {
  const { input, output, prepared } = await prepare(model);
  const expected = readNpy(pathOf(`${stored}/${model}.out_all.npy`));
  let differing = 0;
  for (let index = 0; index < expected.shape[0]; index++) {
    const reals = Float64Array.from(entryOf(samples, index).data as Int8Array, real);
    const actual = await infer(prepared, input, output, quantizeInput(reals, input));
    const golden = entryOf(expected, index).data;
    differing += actual.filter((value, at) => value !== golden[at]).length;
  }
  console.log(`${model}: ${differing} of ${expected.data.length} differ over ${expected.shape[0]} samples`);
}

async function checkAnomalies(): Promise<void> {
  const { input, output, prepared } = await prepare("ad01_int8");
  const samples = readSamples("mlperf_ad01", "ad01_x.float32.bin.gz", "f32", [200, 128]);
  const expected = readNpy(pathOf(`${stored}/ad01_int8.out_first_last_file.npy`));
  let differing = 0;
  for (const [row, file] of [0, samples.shape[0] - 1].entries()) {
    const frames = entryOf(samples, file).data;
    for (let window = 0; window < expected.shape[1]; window++) {
      const feed = quantizeInput(frames.subarray(window * 128, window * 128 + 640) as Float32Array, input);
      const actual = await infer(prepared, input, output, feed);
      const golden = entryOf(entryOf(expected, row), window).data;
      differing += actual.filter((value, at) => value !== golden[at]).length;
    }
  }
  console.log(`ad01_int8: ${differing} of ${expected.data.length} differ over the windows of two files`);
}

await checkModels();
const words = readSamples("mlperf_kws01", "kws01_x.int8.bin.gz", "i8", [49, 10, 1]);
await checkClassifier("kws_ref_model", words, (x) => Math.fround((x - 83) * 0.5847029089927673));
const images = readSamples("mlperf_ic01", "ic01_x.uint8.bin.gz", "u8", [32, 32, 3]);
await checkClassifier("pretrainedResnet_quant", images, (x) => x);
const people = readSamples("mlperf_vww01", "vww01_x.uint8.bin.gz", "u8", [96, 96, 3]);
await checkClassifier("vww_96_int8", people, (x) => Math.fround(x / 255));
await checkAnomalies();
