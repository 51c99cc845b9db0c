import { type Pt2Archive, printedNodes, printProgram, readPt2 } from "@millrace/formats/pt2";
import { type Diagnostic, fail, type Graph } from "@millrace/ir";
import { isCompiled, type Machine, type NpuOptions, type ProcessorKernels, withKernels } from "@millrace/npu";
import type { Engine } from "@millrace/runtime";
import { lowerEdge, printEdge, printedSteps } from "@millrace/targets/executorch";
import type { Dataset } from "./data/dataset.ts";
import {
  formatOf,
  type LoadedModel,
  type LoadOptions,
  load,
  type ModelSource,
  namingModel,
  severalModels,
} from "./load.ts";
import { accelerate } from "./npu/accelerate.ts";
import { isQuantized, prepare } from "./prepare.ts";
import type { Progress } from "./progress.ts";
import { quantize } from "./quantize.ts";
import { tellingPlaces } from "./source-places.ts";

/** PyTorch's operators as exported, ExecuTorch's Edge operators, or these with what a machine's array computes as delegates. */
export type Dialect = "aten" | "edge" | "backend";

export interface DialectOptions extends LoadOptions, Progress {
  /** For `backend`. */
  readonly machine?: Machine;
  readonly npu?: NpuOptions;
  readonly kernels?: ProcessorKernels;
  /** For `backend`, to quantize a float model, which `floatEngine` runs. */
  readonly data?: Dataset;
  readonly floatEngine?: Engine;
}

/** One operator in a dialect. */
export interface DialectNode {
  /** Names and types of the results. */
  readonly results: readonly string[];
  readonly target: string;
  readonly arguments: readonly string[];
  /** The user's modules and the operator, where the model tells. */
  readonly namespace?: string;
  /** The source's layers that it came from. */
  readonly origin?: readonly string[];
}

export interface DialectView {
  readonly dialect: Dialect;
  readonly nodes: readonly DialectNode[];
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * A model's graph in a dialect; `aten` shows a program as it stands in the file, so also one that can't be imported, and heeds no options. Throws
 * `dialect.no-aten` for a model that is no exported program, `dialect.float-model` where a machine is to compute a float model without data to quantize
 * it, and what `load` and `lowerEdge` throw.
 */
export async function dialectView(
  source: ModelSource,
  dialect: Dialect,
  options: DialectOptions = {},
): Promise<DialectView> {
  if (dialect === "aten") return atenView(source);
  const model = load(source, options);
  const isFinished = isCompiled(model.graph);
  const forms = dialect === "backend" ? { unrolled: true, spelled: true, fused: true } : {};
  const { graph: prepared, diagnostics } = isFinished ? model : prepare(model, { ...forms, ioLayout: "source" });
  const { machine, npu, kernels = "portable" } = options;
  const graph =
    machine === undefined
      ? prepared
      : accelerate(await integers(prepared, source.name, options), withKernels(machine, kernels), npu).graph;
  const edge = tellingPlaces(model, () => lowerEdge(graph));
  const namespaces = namespacesOf(model);
  const nodes = printedSteps(edge.steps).map((node) => {
    const namespace = namespaces.get(node.origin?.[0]?.split("/").at(-1) ?? "");
    return namespace === undefined ? node : { ...node, namespace };
  });
  return { dialect, nodes, text: printEdge(edge).trimEnd(), diagnostics };
}

/** The user's modules and the operator of each node of an exported program, by its name, with which origins end. */
function namespacesOf({ program }: LoadedModel): ReadonlyMap<string, string> {
  const nodes = program === undefined ? [] : printedNodes(program);
  return new Map(nodes.map(({ name, namespace }) => [name, namespace]));
}

function atenView(source: ModelSource): DialectView {
  const { models } = namingModel(source.name, () => programsOf(source));
  const [{ program }] = models;
  const nodes = printedNodes(program).map(({ name, results, ...node }) => ({
    ...node,
    results: [`${name}: ${results.join(", ")}`],
  }));
  return { dialect: "aten", nodes, text: printProgram(program), diagnostics: severalModels(models) };
}

function programsOf(source: ModelSource): Pt2Archive {
  const format = formatOf(source);
  if (format === "pt2") return readPt2(source.bytes);
  return fail("dialect.no-aten", `${source.name} has no operators of PyTorch, as a .${format} file has its own`, {
    hint: "give a .pt2 file of torch.export.save, or --dialect edge",
  });
}

async function integers(
  graph: Graph,
  name: string,
  { data, floatEngine, signal, progress }: DialectOptions,
): Promise<Graph> {
  if (isQuantized(graph) || isCompiled(graph)) return graph;
  if (data === undefined || floatEngine === undefined)
    return fail("dialect.float-model", `${name} computes in float32, which the array does not`, {
      hint: "give samples to quantize it with --data, or quantize it first",
    });
  const steps = { ...(signal && { signal }), ...(progress && { progress }) };
  return (await quantize(graph, data, floatEngine, { ...steps, model: name })).graph;
}
