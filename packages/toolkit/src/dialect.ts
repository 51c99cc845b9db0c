import { printedNodes, printProgram, readPt2 } from "@millrace/formats/pt2";
import { type Diagnostic, fail, type Graph } from "@millrace/ir";
import { isCompiled, type Machine, type NpuOptions, type ProcessorKernels, withKernels } from "@millrace/npu";
import type { Engine } from "@millrace/runtime";
import { lowerEdge, printEdge, printedSteps } from "@millrace/targets/executorch";
import type { Dataset } from "./data/dataset.ts";
import { type LoadOptions, load, type ModelSource } from "./load.ts";
import { accelerate } from "./npu/accelerate.ts";
import { isQuantized, prepare } from "./prepare.ts";
import type { Progress } from "./progress.ts";
import { quantize } from "./quantize.ts";

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
 * A model's graph in a dialect. Throws `dialect.no-aten` for a model that is no exported program, `dialect.float-model` where a machine is to compute a float
 * model without data to quantize it, and what `lowerEdge` throws.
 */
export async function dialectView(
  source: ModelSource,
  dialect: Dialect,
  options: DialectOptions = {},
): Promise<DialectView> {
  if (dialect === "aten") return atenView(source, options);
  const model = load(source, options);
  const isFinished = isCompiled(model.graph);
  const forms = dialect === "backend" ? { unrolled: true, spelled: true, fused: true } : {};
  const { graph: prepared, diagnostics } = isFinished ? model : prepare(model, { ...forms, ioLayout: "source" });
  const { machine, npu, kernels = "portable" } = options;
  const graph =
    machine === undefined
      ? prepared
      : accelerate(await integers(prepared, source.name, options), withKernels(machine, kernels), npu).graph;
  const edge = lowerEdge(graph);
  const namespaces = model.format === "pt2" ? namespacesOf(source) : new Map<string, string>();
  const nodes = printedSteps(edge.steps).map((node) => {
    const namespace = namespaces.get(node.origin?.[0]?.split("/").at(-1) ?? "");
    return namespace === undefined ? node : { ...node, namespace };
  });
  return { dialect, nodes, text: printEdge(edge).trimEnd(), diagnostics };
}

/** The user's modules and the operator of each node of an exported program, by its name, with which origins end. */
function namespacesOf({ bytes }: ModelSource): ReadonlyMap<string, string> {
  const [{ program }] = readPt2(bytes).models;
  return new Map(printedNodes(program).map(({ name, namespace }) => [name, namespace]));
}

function atenView(source: ModelSource, options: LoadOptions): DialectView {
  const { format, diagnostics } = load(source, options);
  if (format !== "pt2")
    fail("dialect.no-aten", `${source.name} has no operators of PyTorch, as a .${format} file has its own`, {
      hint: "give a .pt2 file of torch.export.save, or --dialect edge",
    });
  const [{ program }] = readPt2(source.bytes).models;
  const nodes = printedNodes(program).map(({ name, results, ...node }) => ({
    ...node,
    results: [`${name}: ${results.join(", ")}`],
  }));
  return { dialect: "aten", nodes, text: printProgram(program), diagnostics };
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
