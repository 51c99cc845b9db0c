import { type ExternalData, looksLikeOnnx, readOnnx } from "@millrace/formats/onnx";
import { looksLikePt2, type Pt2Model, readPt2 } from "@millrace/formats/pt2";
import { readPtd, readPte } from "@millrace/formats/pte";
import { readTflite } from "@millrace/formats/tflite";
import { importExecutorch } from "@millrace/frontends/executorch";
import { importOnnx } from "@millrace/frontends/onnx";
import { importTflite } from "@millrace/frontends/tflite";
import { type ImportedModel, type ImportOptions, importTorch } from "@millrace/frontends/torch";
import { type Diagnostic, fail, type Graph, type Tensor } from "@millrace/ir";

export type ModelFormat = "onnx" | "tflite" | "pt2" | "pte";

/** A model as it was given: its bytes, and what to call it. */
export interface ModelSource {
  /** File name or other name for people; its ending must fit the content if it is that of a format. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Files that the model may refer to by relative names. */
  readonly externalData?: ExternalData;
}

export interface LoadOptions {
  /** Shapes of inputs by name, instead of the model's own. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
  /** Sizes of symbolic dimensions by name. */
  readonly dimensions?: ReadonlyMap<string, number>;
  /** Tensors of inputs by name or index; an input becomes a constant where an operator needs its contents when the model is read. */
  readonly values?: ReadonlyMap<string, Tensor>;
  /** Whether a batch of open size stays open in a TFLite file's graph; without it, it has the size the file states. In ONNX it always stays. */
  readonly open?: boolean;
}

/** A model as a graph. */
export interface LoadedModel {
  readonly name: string;
  readonly format: ModelFormat;
  readonly bytes: number;
  readonly graph: Graph;
  /** Names of the inputs of the source in its order, those that became constants among them. */
  readonly inputNames: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

interface FormatReader {
  readonly ending: string;
  recognizes(bytes: Uint8Array): boolean;
  read(
    source: ModelSource,
    options: LoadOptions,
  ): Pick<LoadedModel, "graph" | "diagnostics"> & Partial<Pick<LoadedModel, "inputNames">>;
}

const readers: Readonly<Record<ModelFormat, FormatReader>> = {
  tflite: {
    ending: ".tflite",
    recognizes: (bytes) => new TextDecoder("latin1").decode(bytes.subarray(4, 8)) === "TFL3",
    read: ({ bytes, name }, options) => importTflite(readTflite(bytes), { ...options, name: stemOf(name) }),
  },
  onnx: {
    ending: ".onnx",
    recognizes: looksLikeOnnx,
    read: ({ bytes, name, externalData }, options) =>
      importOnnx(readOnnx(bytes), { ...options, modelName: stemOf(name), ...(externalData && { externalData }) }),
  },
  pt2: {
    ending: ".pt2",
    recognizes: looksLikePt2,
    read: ({ bytes, name }, options) => importFirst(readPt2(bytes).models, { ...options, modelName: stemOf(name) }),
  },
  pte: {
    ending: ".pte",
    recognizes: looksLikePte,
    read: ({ bytes, name, externalData }, options) => {
      const weights = externalData?.read(`${stemOf(name)}.ptd`);
      const given = { ...options, modelName: stemOf(name), weights: weights && readPtd(weights) };
      return importExecutorch(readPte(bytes), given);
    },
  },
};

/** Whether bytes begin as an ExecuTorch program does. */
export function looksLikePte(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes.subarray(4, 8)) === "ET12";
}

export const modelEndings: readonly string[] = Object.values(readers).map(({ ending }) => ending);

/** Reads a model of any known format. Throws errors that `diagnosticsOf` turns into diagnostics. */
export function load(source: ModelSource, options: LoadOptions = {}): LoadedModel {
  const format = formatOf(source);
  const { graph, diagnostics, ...rest } = readers[format].read(source, options);
  const { inputNames = graph.inputs.map(({ name }) => name) } = rest;
  return { name: source.name, format, bytes: source.bytes.length, graph, inputNames, diagnostics };
}

/** Several models in one archive are rare; those that are left out are told of. */
function importFirst([first, ...others]: readonly Pt2Model[], options: ImportOptions): ImportedModel {
  const imported = importTorch(first, options);
  if (others.length === 0) return imported;
  const left = others.map(({ name }) => name).join(", ");
  const warning: Diagnostic = {
    code: "pt2.several-models",
    severity: "warning",
    message: `The archive has ${others.length + 1} models, of which "${first.name}" is read. Left out: ${left}.`,
    hint: "Save each program in a file of its own with torch.export.save.",
  };
  return { ...imported, diagnostics: [...imported.diagnostics, warning] };
}

function formatOf({ name, bytes }: ModelSource): ModelFormat {
  const formats = Object.keys(readers) as ModelFormat[];
  const named =
    formats.find((format) => name.toLowerCase().endsWith(readers[format].ending)) ??
    formats.find((format) => readers[format].recognizes(bytes));
  if (named === undefined) {
    fail("model.unknown-ending", `${name} does not end in ${modelEndings.join(" or ")} and holds no such model`, {
      at: { model: name },
      hint: "name the model file by its format",
    });
  }
  const other = formats.find((format) => format !== named && readers[format].recognizes(bytes));
  if (other !== undefined && !readers[named].recognizes(bytes)) {
    fail("model.wrong-ending", `${name} is named as ${named} but holds a ${other} model`, {
      at: { model: name },
      hint: `rename it to end in ${readers[other].ending}`,
    });
  }
  return named;
}

/** A file's name without its folder and ending. */
export function stemOf(name: string): string {
  return name.replace(/^.*[/\\]/, "").replace(/\.[^.]*$/, "");
}
