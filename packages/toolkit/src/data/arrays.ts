import { type DType, elementCount, type TensorData, tensorOf } from "@millrace/ir";
import { createDataset, type Dataset } from "./dataset.ts";
import {
  type InputDescription,
  type MetricName,
  parseDatasetDescription,
  type SplitDescription,
} from "./description.ts";
import { DatasetError } from "./error.ts";
import { arrayLabels } from "./labels.ts";
import { arraySource } from "./source.ts";

/** Samples in memory, one after another, with what a dataset.json would say of them. */
export interface ArrayInput extends Omit<InputDescription, "file" | "files" | "dtype"> {
  /** Of one sample. */
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface ArrayDataset {
  /** By the model's input name; "*" is the only input of any model. */
  readonly inputs: Readonly<Record<string, ArrayInput>>;
  readonly labels?: ArrayLike<number>;
  readonly metric?: MetricName;
  readonly split?: SplitDescription;
}

const memory = "memory.npy";

const elementTypes: Readonly<Record<string, DType>> = {
  Float32Array: "f32",
  Float64Array: "f64",
  Int8Array: "i8",
  Uint8Array: "u8",
  Int16Array: "i16",
  Uint16Array: "u16",
  Int32Array: "i32",
  Uint32Array: "u32",
  BigInt64Array: "i64",
  BigUint64Array: "u64",
};

/**
 * A dataset over arrays in memory, which are viewed. The element type is that of the array; the description names the file
 * `memory.npy`. Throws as `openDataset` does, `data.size-mismatch` where an array is not whole samples.
 */
export function datasetFromArrays({ inputs, labels, metric, split }: ArrayDataset): Dataset {
  const stated = Object.entries(inputs).map(([name, { data: _data, ...input }]) => [name, { ...input, file: memory }]);
  const description = parseDatasetDescription({ inputs: Object.fromEntries(stated), metric, split });
  const sources = Object.entries(inputs).map(([name, input]) => [name, sourceOf(name, input)] as const);
  const classes = labels && arrayLabels(tensorOf("f64", [labels.length], Float64Array.from(labels)), "labels");
  return createDataset(description, new Map(sources), classes);
}

function sourceOf(name: string, { shape, data }: ArrayInput) {
  const count = data.length / elementCount(shape);
  const dtype = elementTypes[data.constructor.name];
  if (Number.isInteger(count) && dtype !== undefined)
    return arraySource(tensorOf(dtype, [count, ...shape], data), name);
  throw new DatasetError(
    "data.size-mismatch",
    `Input "${name}" has ${data.length} elements, which is not a whole number of samples [${shape.join(", ")}]`,
    {
      hint: "Give the shape of one sample, and a typed array of all of them.",
      where: name,
    },
  );
}
