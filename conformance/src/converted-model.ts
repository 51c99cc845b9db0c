import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { elementCount, fromNumbers, type Graph, invertPermutation, isFloat, permute, type Tensor } from "@millrace/ir";
import { transposeTensor } from "@millrace/ops";
import { exportOnnx } from "@millrace/targets/onnx";
import { type IoLayout, type LoadedModel, load, prepare, type Written, write } from "@millrace/toolkit";
import { openOnnxFile } from "./onnx-file.ts";

/** What has to be known of an ONNX model to convert and run it, as the options --shape, --dim and --input-value say it. */
export interface ModelSettings {
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  readonly dimensions?: Readonly<Record<string, number>>;
  readonly values?: Readonly<Record<string, Tensor>>;
  /** Inputs to run it on, by name; the others are random. */
  readonly feeds?: Readonly<Record<string, Tensor>>;
  /** Random integers are from 0 up to this, 255 without it. */
  readonly greatest?: number;
  /** onnxruntime lacks an operator or its old version, and runs what our writer makes of the imported graph instead of the model itself. */
  readonly isOld?: boolean;
}

/** An ONNX model as a TFLite file, with inputs for it and what onnxruntime makes of them from the model itself, all in the file's layout. */
export interface ConvertedModel {
  readonly written: Written;
  /** The graph that was written. */
  readonly graph: Graph;
  readonly inputs: readonly Tensor[];
  readonly expected: readonly Tensor[];
}

export async function convertModel(
  path: string,
  ioLayout: IoLayout,
  settings: ModelSettings = {},
): Promise<ConvertedModel> {
  const bytes = new Uint8Array(readFileSync(path));
  const { shapes = {}, dimensions = {}, values = {} } = settings;
  const model = load(
    { name: basename(path), bytes },
    {
      shapes: new Map(Object.entries(shapes)),
      dimensions: new Map(Object.entries(dimensions)),
      values: new Map(Object.entries(values)),
    },
  );
  const source = settings.isOld ? exportOnnx(model.graph).bytes : bytes;
  const { graph, boundary } = prepare(model, { ioLayout });
  const written = write(graph, "tflite");
  const turn = (kind: "input" | "output", name: string) =>
    boundary.find((change) => change.kind === kind && change.name === name)?.permutation;
  const turned = (tensor: Tensor, permutation: readonly number[] | undefined) =>
    permutation ? transposeTensor(tensor, permutation) : tensor;
  const sources = new Map(
    graph.inputs.map((input) => [input.name, sourceOf(input, turn("input", input.name), settings)]),
  );
  const results = await runSource(source, model, (name) => sources.get(name) ?? values[name]);
  return {
    written,
    graph,
    inputs: graph.inputs.map(({ name }) => turned(sources.get(name)!, turn("input", name))),
    expected: results.map((tensor, index) => turned(tensor, turn("output", graph.outputNames[index]))),
  };
}

function sourceOf(
  { name, type: { dtype, shape } }: Graph["inputs"][number],
  permutation: readonly number[] | undefined,
  { feeds = {}, greatest = 255 }: ModelSettings,
): Tensor {
  const sizes = shape as readonly number[];
  const source = permutation ? permute(sizes, invertPermutation(permutation)) : sizes;
  return feeds[name] ?? randomTensor(dtype, source, greatest);
}

/** Reals in [-1, 1), or integers from 0 to `greatest`, that are the same in every run. */
function randomTensor(dtype: Tensor["dtype"], shape: readonly number[], greatest: number): Tensor {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const draw = isFloat(dtype) ? next : () => Math.floor(((next() + 1) / 2) * (greatest + 1));
  return fromNumbers(dtype, shape, Array.from({ length: elementCount(shape) }, draw));
}

async function runSource(
  bytes: Uint8Array,
  { inputNames }: LoadedModel,
  feedOf: (name: string) => Tensor,
): Promise<readonly Tensor[]> {
  const file = await openOnnxFile(bytes);
  try {
    return await file.run(inputNames.map(feedOf));
  } finally {
    await file.release();
  }
}
