import { existsSync } from "node:fs";
import { type OnnxTensor, readOnnx, readTensorProto } from "@millrace/formats/onnx";
import { readArchive } from "../archive.ts";
import { pathOf } from "../golden.ts";

/** A model with stored inputs and results. */
export interface SuiteCase {
  readonly name: string;
  readonly model: Uint8Array;
  readonly datasets: readonly Dataset[];
}

/** One run, in the order of the model's inputs and outputs; undefined for a value that is no tensor. */
export interface Dataset {
  readonly inputs: readonly (OnnxTensor | undefined)[];
  readonly outputs: readonly (OnnxTensor | undefined)[];
}

type Files = ReadonlyMap<string, Uint8Array>;

/** ONNX's own suites and onnx2c's, with the archive that each one is stored in. */
const archives = {
  node: "onnx_node",
  simple: "onnx_simple",
  "pytorch-operator": "onnx_pytorch_operator",
  "pytorch-converted": "onnx_pytorch_converted",
  light: "onnx_light",
  onnx2c: "onnx2c_local_ops",
} as const;

export type SuiteName = keyof typeof archives;
export const suiteNames = Object.keys(archives) as readonly SuiteName[];

/** The cases of a suite in alphabetical order; none where the archive is absent. */
export function readSuite(suite: SuiteName): readonly SuiteCase[] {
  const path = pathOf(`assets/conformance/${archives[suite]}.tar.gz`);
  if (!existsSync(path)) return [];
  const files = readArchive(path);
  const models = [...files.keys()].filter((name) => name.endsWith(".onnx") && !name.includes("._")).sort();
  return models.map((path) => {
    const stem = path.replace(/\/?(model)?\.onnx$/, "");
    const model = files.get(path)!;
    const datasets = path.endsWith("/model.onnx") ? datasetsOf(files, stem) : [onesOf(files, stem, model)];
    return { name: stem, model, datasets };
  });
}

function datasetsOf(files: Files, folder: string): readonly Dataset[] {
  const datasets: Dataset[] = [];
  for (let index = 0; ; index++) {
    const stem = `${folder}/test_data_set_${index}/`;
    const outputs = tensorsOf(files, `${stem}output_`);
    if (outputs.length === 0) return datasets;
    datasets.push({ inputs: tensorsOf(files, `${stem}input_`), outputs });
  }
}

/** The light models have results for inputs of ones only. */
function onesOf(files: Files, stem: string, model: Uint8Array): Dataset {
  const { graph } = readOnnx(model);
  const stored = new Set(graph.initializers.map(({ name }) => name));
  const inputs = graph.inputs
    .filter(({ name }) => !stored.has(name))
    .map(({ name, type }): OnnxTensor => {
      const dims = type?.tensor?.shape?.dims.map(({ value }) => value ?? 1) ?? [];
      const floatData = new Float32Array(dims.reduce((count, size) => count * size, 1)).fill(1);
      return { name, dataType: 1, dims, floatData };
    });
  return { inputs, outputs: tensorsOf(files, `${stem}_output_`) };
}

function tensorsOf(files: Files, stem: string): readonly (OnnxTensor | undefined)[] {
  const tensors: (OnnxTensor | undefined)[] = [];
  for (let index = 0; ; index++) {
    const bytes = files.get(`${stem}${index}.pb`);
    if (bytes === undefined) return tensors;
    tensors.push(tensorIn(bytes));
  }
}

/** Sequences and optional values are stored as other messages, which do not read as a tensor. */
function tensorIn(bytes: Uint8Array): OnnxTensor | undefined {
  try {
    return readTensorProto(bytes);
  } catch {
    return undefined;
  }
}
