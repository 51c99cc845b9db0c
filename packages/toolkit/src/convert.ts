import {
  cloneGraph,
  type Diagnostic,
  DiagnosticError,
  fail,
  type Graph,
  type SizeBounds,
  symbolsOf,
} from "@millrace/ir";
import { batchSymbols } from "@millrace/passes";
import { brokenWeights } from "@millrace/quantize";
import type { MemoryPlan } from "@millrace/runtime";
import { type EdgeBackend, exportPte } from "@millrace/targets/executorch";
import { exportOnnx } from "@millrace/targets/onnx";
import { exportTflite } from "@millrace/targets/tflite";
import { alternatives } from "./alternatives.ts";
import { type LoadedModel, type LoadOptions, load, type ModelSource } from "./load.ts";
import { type IoLayout, type PrepareOptions, prepare } from "./prepare.ts";
import { reduceMemory } from "./reduce-memory.ts";
import { tellingPlaces } from "./source-places.ts";

export type TargetFormat = "tflite" | "onnx" | "pte";

export interface ConvertOptions extends LoadOptions {
  readonly to: TargetFormat;
  readonly ioLayout?: IoLayout;
  /** Version of ONNX's operators in an .onnx file, from 17 to 23; without it 18, or 21 where a type needs it. */
  readonly opset?: number;
  /** Bytes that activations should take at most; layers are computed in patches where they take more. Only for .tflite files. */
  readonly memoryBytes?: number;
  /** Whether recurrent layers are written out step by step, for runtimes that keep no states. */
  readonly unrolled?: boolean;
  /** How small and how large sizes may be that stay open in a .pte file, by their symbols; for others, what the model tells. */
  readonly bounds?: SizeBounds;
  /** Whether the parameters of a .pte file go to a .ptd file beside it. */
  readonly externalWeights?: boolean;
}

/** A file written in another format. */
export interface Conversion extends Written {
  /** The model as it was read. */
  readonly model: LoadedModel;
  /** The graph that was written. */
  readonly graph: Graph;
  /** The same in TFLite's words, where its activations were to fit into some bytes, and what they needed before if it is less now. */
  readonly written?: Graph;
  readonly formerPeakBytes?: number;
}

/** What a target makes of a graph. */
export interface Written {
  readonly bytes: Uint8Array;
  /** Parameters that stand in a file of their own. */
  readonly weights?: Uint8Array;
  /** The arena that the file plans for its tensors, where it does. */
  readonly arena?: Pick<MemoryPlan, "arenaBytes" | "lowerBoundBytes">;
  /** Operators of the written file by the names of its format. */
  readonly operators: Readonly<Record<string, number>>;
  /** How many of these are transposes. */
  readonly transposes: number;
  readonly diagnostics: readonly Diagnostic[];
}

interface WriteOptions extends Pick<ConvertOptions, "opset" | "externalWeights" | "bounds"> {
  /** Whose programs the delegates of a .pte file are; Millrace's own by default. */
  readonly backend?: EdgeBackend;
}

const writers: Readonly<Record<TargetFormat, (graph: Graph, options: WriteOptions) => Written>> = {
  tflite: (graph) => {
    const { bytes, model, diagnostics } = exportTflite(graph);
    const names = model.subgraphs.flatMap(({ operators }) =>
      operators.map(({ opcodeIndex }) => model.operatorCodes[opcodeIndex ?? 0].builtinCode ?? ""),
    );
    return { bytes, ...counted(names, "TRANSPOSE"), diagnostics };
  },
  onnx: (graph, options) => {
    const { bytes, operatorNames } = exportOnnx(graph, [], options);
    return { bytes, ...counted(operatorNames, "Transpose"), diagnostics: [] };
  },
  pte: (graph, options) => {
    const { bytes, weights, plan, operatorNames } = exportPte(graph, options);
    const counts = counted(operatorNames, "aten::permute_copy.out");
    return { bytes, ...(weights && { weights }), arena: plan, ...counts, diagnostics: [] };
  },
};

/** Options that belong to one format only. */
const formatOptions = [
  { name: "opset", to: "onnx", code: "convert.opset", what: "opset", title: "an .onnx file" },
  {
    name: "externalWeights",
    to: "pte",
    code: "convert.external-weights",
    what: "weights beside it",
    title: "a .pte file",
  },
  { name: "bounds", to: "pte", code: "convert.bounds", what: "bounds of open sizes", title: "a .pte file" },
] as const;

/** Fails for an option that the format to be written has no use for. */
function requireFormat(to: TargetFormat, options: WriteOptions): void {
  const other = formatOptions.find(({ name, to: only }) => options[name] !== undefined && only !== to);
  if (other === undefined) return;
  const { code, what, title } = other;
  fail(code, `A .${to} file has no ${what}`, { hint: `leave it out, or write ${title}` });
}

/** Layout of inputs and outputs that a format's users expect: channels last in TFLite, else that of the source. */
export function defaultLayout(to: TargetFormat): IoLayout {
  return to === "tflite" ? "nhwc" : "source";
}

/** Writes a graph in a target's format. */
export function write(graph: Graph, to: TargetFormat, options: WriteOptions = {}): Written {
  requireFormat(to, options);
  return writers[to](graph, options);
}

/** Endings of the files that can be written. */
const targetEndings = Object.keys(writers).map((name) => `.${name}`);

/** The target format that a file name asks for. Throws a DiagnosticError for other endings. */
export function targetOf(path: string): TargetFormat {
  const format = (Object.keys(writers) as TargetFormat[]).find((name) => path.toLowerCase().endsWith(`.${name}`));
  return (
    format ??
    fail("convert.unknown-target", `${path} does not end in ${alternatives(targetEndings)}`, {
      hint: "name the output by the format it should have",
    })
  );
}

/**
 * Reads a model and writes it in another format; what it computes stays the same. A batch of open size stays open where the format can say
 * so for every operator, in a .pte file where bounds are known; else, and for all other open sizes, it is 1, with a diagnostic that tells why.
 */
export function convert(source: ModelSource, options: ConvertOptions): Conversion {
  const model = load(source, { ...options, open: true });
  const ioLayout = options.ioLayout ?? defaultLayout(options.to);
  const batches = options.memoryBytes === undefined ? batchSymbols(model.graph) : new Set<string>();
  if (options.to !== "pte") return leavingOpen(batches, model, options, ioLayout);
  const bounds = boundsOf(model, options.bounds);
  const bounded = new Set([...batches].filter((name) => bounds.has(name)));
  const conversion = leavingOpen(bounded, model, { ...options, bounds }, ioLayout);
  const diagnostics = conversion.diagnostics.map((each) => askingBounds(each, batches, bounds));
  return { ...conversion, diagnostics: [...diagnostics, ...largestSizes(conversion.graph, bounds)] };
}

/** Tells of open sizes how large they are in the memory that is planned. */
function largestSizes({ inputs }: Graph, bounds: SizeBounds): readonly Diagnostic[] {
  const open = new Set(inputs.flatMap(({ type }) => type.shape.flatMap(symbolsOf)));
  return [...open].map((name) => ({
    code: "convert.largest-size",
    severity: "info",
    message: `${name} stays open, and memory is planned for the largest, ${bounds.get(name)?.maximum}`,
    hint: `give other bounds with --bound ${name}=1..16, or one size with --dim ${name}=SIZE`,
  }));
}

/** Leaves sizes open if the format can say so, else none. */
function leavingOpen(
  open: ReadonlySet<string>,
  model: LoadedModel,
  options: ConvertOptions,
  ioLayout: IoLayout,
): Conversion {
  if (open.size === 0) return conversionOf(model, options, { ioLayout });
  const spare = { ...model, graph: cloneGraph(model.graph).graph };
  try {
    return conversionOf(model, options, { ioLayout, open });
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    const conversion = conversionOf(spare, options, { ioLayout });
    return { ...conversion, diagnostics: explained(conversion.diagnostics, error.diagnostics[0], open) };
  }
}

/** What the user says of open sizes, and else the model. */
function boundsOf({ graph, bounds: told = new Map() }: LoadedModel, given: SizeBounds = new Map()): SizeBounds {
  const open = new Set(graph.inputs.flatMap(({ type }) => type.shape.flatMap(symbolsOf)));
  const unknown = [...given.keys()].filter((name) => !open.has(name));
  if (unknown.length > 0)
    fail("convert.unknown-dimension", `No input has the open size ${unknown.join(", ")}`, {
      hint: open.size === 0 ? "all sizes are known: leave it out" : `the open sizes are ${[...open].join(", ")}`,
    });
  return new Map([...told, ...given]);
}

/** What is said of a batch that became 1 as nothing tells how large it may become, with the way to tell. */
function askingBounds(diagnostic: Diagnostic, batches: ReadonlySet<string>, bounds: SizeBounds): Diagnostic {
  if (diagnostic.code !== "shape.dimension-pinned") return diagnostic;
  const name = [...batches].find((each) => isAbout(diagnostic, each));
  if (name === undefined || bounds.has(name)) return diagnostic;
  return {
    ...diagnostic,
    severity: "warning",
    message: `${diagnostic.message}, as nothing tells how large it may become, which memory is planned for`,
    hint: `give its bounds with --bound ${name}=1..16, or its size with --dim ${name}=SIZE`,
  };
}

/** Whether a diagnostic tells of the size of this name. */
function isAbout({ message }: Diagnostic, name: string): boolean {
  return message.startsWith(`dimension ${name} `);
}

function conversionOf(model: LoadedModel, options: ConvertOptions, preparation: PrepareOptions): Conversion {
  const conversion = tellingPlaces(model, () => writtenModel(model, options, preparation));
  return { ...conversion, diagnostics: [...conversion.diagnostics, ...weightWarnings(model)] };
}

/** Weights that are no numbers are written as they are, which their user may not know. */
function weightWarnings({ graph, name }: LoadedModel): readonly Diagnostic[] {
  return brokenWeights(graph, name).map((problem) => ({ ...problem, severity: "warning" }));
}

function writtenModel(model: LoadedModel, options: ConvertOptions, preparation: PrepareOptions): Conversion {
  const { graph, diagnostics } = prepare(model, { ...preparation, unrolled: options.unrolled ?? false });
  if (options.to === "tflite") {
    const { diagnostics: reduced, ...reduction } = reduceMemory(graph, options.memoryBytes);
    const written = write(reduction.graph, options.to, options);
    return { ...written, model, ...reduction, diagnostics: [...diagnostics, ...reduced, ...written.diagnostics] };
  }
  if (options.memoryBytes !== undefined)
    fail("convert.memory", `layers are computed in patches in .tflite files only, not in .${options.to} files`, {
      hint: "leave the memory out, or write a .tflite file",
    });
  const written = write(graph, options.to, options);
  return { ...written, model, graph, diagnostics: [...diagnostics, ...written.diagnostics] };
}

/** What was said of sizes that became 1, with what stood against leaving them open. */
function explained(
  diagnostics: readonly Diagnostic[],
  obstacle: Diagnostic,
  open: ReadonlySet<string>,
): readonly Diagnostic[] {
  return diagnostics.map((diagnostic) =>
    diagnostic.code === "shape.dimension-pinned" && [...open].some((name) => isAbout(diagnostic, name))
      ? {
          ...diagnostic,
          message: `${diagnostic.message}, as it can't stay open: ${obstacle.message}`,
          at: obstacle.at!,
        }
      : diagnostic,
  );
}

/** How often each operator is called, most frequent first; `transpose` is what the format calls a transpose. */
function counted(names: readonly string[], transpose: string): Pick<Written, "operators" | "transposes"> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const operators = Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
  return { operators, transposes: counts.get(transpose) ?? 0 };
}
