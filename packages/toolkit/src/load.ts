import { type ExternalData, looksLikeOnnx, readOnnx } from "@millrace/formats/onnx";
import { type ExportedProgram, looksLikePt2, type Pt2Model, readPt2 } from "@millrace/formats/pt2";
import { readPtd, readPte } from "@millrace/formats/pte";
import { readTflite } from "@millrace/formats/tflite";
import { importExecutorch } from "@millrace/frontends/executorch";
import { importOnnx } from "@millrace/frontends/onnx";
import { importTflite } from "@millrace/frontends/tflite";
import { type ImportOptions, importTorch } from "@millrace/frontends/torch";
import { type Diagnostic, DiagnosticError, fail, type Graph, type SizeBounds, type Tensor } from "@millrace/ir";
import { alternatives } from "./alternatives.ts";
import { diagnosticsOf } from "./errors.ts";

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
  /** How small and how large open sizes may be, by their symbols, where the model tells. */
  readonly bounds?: SizeBounds;
  /** What a .pt2 file was read as, which tells of the user's modules and lines. */
  readonly program?: ExportedProgram;
}

type ReadModel = Pick<LoadedModel, "graph" | "diagnostics" | "program" | "bounds"> &
  Partial<Pick<LoadedModel, "inputNames">>;

interface FormatReader {
  readonly ending: string;
  recognizes(bytes: Uint8Array): boolean;
  read(source: ModelSource, options: LoadOptions): ReadModel;
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

const modelEndings = Object.values(readers).map(({ ending }) => ending);

/** Reads a model of any known format. Throws a DiagnosticError that names the model. */
export function load(source: ModelSource, options: LoadOptions = {}): LoadedModel {
  const { name, bytes } = source;
  return namingModel(name, () => {
    const format = formatOf(source);
    const read = readers[format].read(source, options);
    return { inputNames: read.graph.inputs.map((input) => input.name), ...read, name, format, bytes: bytes.length };
  });
}

/** What `action` throws about a model's file names the file. */
export function namingModel<T>(model: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const diagnostics = diagnosticsOf(error);
    if (diagnostics === undefined) throw error;
    throw new DiagnosticError(diagnostics.map((diagnostic) => ({ ...diagnostic, at: { model, ...diagnostic.at } })));
  }
}

function importFirst(models: readonly Pt2Model[], options: ImportOptions): ReadModel {
  const [first] = models;
  const { diagnostics, ...imported } = importTorch(first, options);
  return { ...imported, program: first.program, diagnostics: [...diagnostics, ...severalModels(models)] };
}

/** Several models in one archive are rare; those that are left out are told of. */
export function severalModels([first, ...others]: readonly Pt2Model[]): readonly Diagnostic[] {
  if (others.length === 0) return [];
  const left = others.map(({ name }) => name).join(", ");
  return [
    {
      code: "pt2.several-models",
      severity: "warning",
      message: `The archive has ${others.length + 1} models, of which "${first.name}" is read. Left out: ${left}.`,
      hint: "Save each program in a file of its own with torch.export.save.",
    },
  ];
}

/** The format of a model by its name, or else by what it holds. Throws a DiagnosticError where these differ or tell nothing. */
export function formatOf({ name, bytes }: ModelSource): ModelFormat {
  const formats = Object.keys(readers) as ModelFormat[];
  const named =
    formats.find((format) => name.toLowerCase().endsWith(readers[format].ending)) ??
    formats.find((format) => readers[format].recognizes(bytes));
  if (named === undefined) {
    fail("model.unknown-ending", `${name} does not end in ${alternatives(modelEndings)} and holds no such model`, {
      hint: "convert it to one of these formats where it was trained, or name it by the format it has",
    });
  }
  const other = formats.find((format) => format !== named && readers[format].recognizes(bytes));
  if (other !== undefined && !readers[named].recognizes(bytes)) {
    fail("model.wrong-ending", `${name} is named as ${named} but holds a ${other} model`, {
      hint: `rename it to end in ${readers[other].ending}`,
    });
  }
  return named;
}

/** A file's name without its folder and ending. */
export function stemOf(name: string): string {
  return name.replace(/^.*[/\\]/, "").replace(/\.[^.]*$/, "");
}
