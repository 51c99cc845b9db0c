import { sameShape } from "@millrace/ir";
import { ArrayReader, labelsName } from "./array-reader.ts";
import { columnOf, parseCsv, type Table } from "./csv.ts";
import { createDataset, type Dataset } from "./dataset.ts";
import {
  type DatasetDescription,
  type InputDescription,
  type LabelsDescription,
  parseDatasetDescription,
} from "./description.ts";
import { DatasetError, naming } from "./error.ts";
import { type Files, isMissing, joinNames, listFiles, readFile } from "./files.ts";
import { imageSource } from "./image.ts";
import { inflate, statedSize } from "./inflate.ts";
import { arrayLabels, textLabels } from "./labels.ts";
import { arraySource, rawSource, type Source } from "./source.ts";
import { storedTypes } from "./stored.ts";

export interface OpenOptions {
  /** Most bytes that one compressed file may expand to; 4 GiB by default. */
  readonly maximumBytes?: number;
}

/**
 * Opens DATA: a folder with dataset.json; else .npy files named as the model's inputs; else one .npz whose arrays are named so.
 * In the last two the first axis counts the samples, an array called `labels` holds the labels, and an only array feeds the only
 * input of any model. Images are read when asked for, everything else at once. Throws DatasetError for whatever can't be used.
 */
export async function openDataset(files: Files, { maximumBytes = 2 ** 32 }: OpenOptions = {}): Promise<Dataset> {
  const reader = new ArrayReader(files, maximumBytes);
  const description = (await readDescription(files)) ?? (await describeBareFiles(files, reader));
  const sources = new Map<string, Source>();
  for (const [name, input] of Object.entries(description.inputs))
    sources.set(name, await openSource(name, input, files, reader, maximumBytes));
  const labels = description.labels && (await openLabels(description.labels, files, reader));
  const byClasses = description.labels && (await siblingLabels(description.labels, files));
  return createDataset(description, sources, labels, byClasses);
}

async function readDescription(files: Files): Promise<DatasetDescription | undefined> {
  const name = "dataset.json";
  const bytes = await readFile(files, name).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (bytes === undefined) return undefined;
  return parseDatasetDescription(
    await naming(
      name,
      "data.bad-json",
      "Correct the syntax of dataset.json.",
      () => JSON.parse(decodeText(bytes)) as unknown,
    ),
  );
}

/** The description that a dataset.json beside bare files would hold. */
async function describeBareFiles(files: Files, reader: ArrayReader): Promise<DatasetDescription> {
  const names = (await listFiles(files)).filter((name) => !name.includes("/")).sort();
  const arrays = names.filter((name) => name.endsWith(".npy"));
  const archives = names.filter((name) => name.endsWith(".npz"));
  if (arrays.length > 0) return describeArrays(arrays.map((file) => ({ name: file.slice(0, -".npy".length), file })));
  if (archives.length === 1) {
    const [file] = archives;
    return describeArrays([...(await reader.archive(file)).keys()].map((name) => ({ name, file })));
  }
  throw new DatasetError(
    "data.no-dataset",
    `There is no dataset.json, no .npy file and not exactly one .npz file (${archives.length} of them)`,
    {
      hint: "DATA is a folder with dataset.json, a folder of .npy files named as the model's inputs, or one .npz.",
    },
  );
}

function describeArrays(arrays: readonly { name: string; file: string }[]): DatasetDescription {
  const inputs = arrays.filter(({ name }) => name !== labelsName);
  const labels = arrays.find(({ name }) => name === labelsName);
  if (inputs.length === 0) {
    throw new DatasetError("data.no-dataset", "There are labels but no array for an input", {
      hint: "Add an array named as the model's input.",
    });
  }
  return {
    inputs: Object.fromEntries(inputs.map(({ name, file }) => [inputs.length === 1 ? "*" : name, { file }])),
    ...(labels && { labels: { file: labels.file, ...(labels.file.endsWith(".npz") && { column: labelsName }) } }),
  };
}

async function openSource(
  name: string,
  input: InputDescription,
  files: Files,
  reader: ArrayReader,
  limit: number,
): Promise<Source> {
  const { file, dtype, shape } = input;
  if (dtype === "image") return imageSource(files, await imageNames(input, files), shape!, input.layout ?? "HWC", file);
  if (file.endsWith(".bin") || file.endsWith(".bin.gz")) {
    const packed = await readFile(files, joinNames("", file));
    const bytes = file.endsWith(".gz")
      ? await inflate(packed, "gzip", { file, limit, expected: statedSize(packed) })
      : packed;
    return rawSource(bytes, storedTypes[dtype!], shape!, file);
  }
  const array = file.endsWith(".npy") ? await reader.array(file) : await reader.member(file, name);
  const source = arraySource(array, file);
  const agrees =
    (dtype === undefined || storedTypes[dtype] === array.dtype) &&
    (shape === undefined || sameShape(shape, source.shape));
  if (agrees) return source;
  throw new DatasetError(
    "data.declared-mismatch",
    `${file} holds ${array.dtype} samples of [${source.shape.join(", ")}] and dataset.json declares ${dtype ?? ""} [${shape?.join(", ") ?? ""}]`,
    { hint: "Leave dtype and shape out, which the file states itself, or correct them.", where: file },
  );
}

async function imageNames({ file: folder, files: column }: InputDescription, files: Files): Promise<string[]> {
  if (column !== undefined) {
    const fields = await readColumn(files, column.from, column.column);
    return fields.map((name) => joinNames(folder, name));
  }
  const prefix = joinNames("", folder) === "" ? "" : `${joinNames("", folder)}/`;
  const isImage = (name: string) => name.startsWith(prefix) && /^[^/]+\.(png|jpe?g)$/i.test(name.slice(prefix.length));
  return (await listFiles(files)).filter(isImage).sort();
}

async function openLabels({ file, column }: LabelsDescription, files: Files, reader: ArrayReader): Promise<Int32Array> {
  if (file.endsWith(".csv")) return textLabels(await readColumn(files, file, column!), file);
  return arrayLabels(file.endsWith(".npy") ? await reader.array(file) : await reader.member(file, column!), file);
}

/** Labels of the csv columns that are named like the stated one up to the number at its end, by that number. */
async function siblingLabels({ file, column }: LabelsDescription, files: Files): Promise<Map<number, Int32Array>> {
  const [, prefix] = /^(.*?)\d+$/.exec(column ?? "") ?? [];
  if (prefix === undefined || !file.endsWith(".csv")) return new Map();
  const table = await readTable(files, file);
  const siblings = table.header.filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)));
  return new Map(
    siblings.map((name) => [Number(name.slice(prefix.length)), textLabels(columnOf(table, name, file), file)]),
  );
}

async function readTable(files: Files, file: string): Promise<Table> {
  const bytes = await readFile(files, joinNames("", file));
  const content = await naming(file, "data.bad-text", "Save the file as UTF-8 text.", () => decodeText(bytes));
  return parseCsv(content, file);
}

async function readColumn(files: Files, file: string, column: string): Promise<readonly string[]> {
  return columnOf(await readTable(files, file), column, file);
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}
