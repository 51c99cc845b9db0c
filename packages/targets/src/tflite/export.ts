import { readTflite, type TfliteModel, writeTflite } from "@millrace/formats/tflite";
import { cloneGraph, type Diagnostic, DiagnosticError, type Graph } from "@millrace/ir";
import { runPasses } from "@millrace/passes";
import { tfliteProblems } from "./constraints.ts";
import { legalizations } from "./legalize/index.ts";
import { modelOf } from "./write.ts";

export interface TfliteExportOptions {
  /** Description stored in the file; "Millrace" without it. */
  readonly description?: string;
}

export interface TfliteExport {
  readonly model: TfliteModel;
  readonly bytes: Uint8Array;
  /** What TFLite does a little differently. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Writes a channel-last graph as a TFLite file that can be resized where sizes are open, with tensors named as its values and a signature
 * "serving_default" with the names of its inputs and outputs. The graph is not changed; the same graph gives the same bytes.
 * Throws a DiagnosticError that lists everything TFLite can't express (`tflite.inexpressible`, `tflite.unsupported-operator`).
 */
export function exportTflite(source: Graph, options: TfliteExportOptions = {}): TfliteExport {
  const { graph } = cloneGraph(source);
  const { diagnostics } = runPasses(graph, legalizations);
  const problems = tfliteProblems(graph);
  if (problems.length > 0) throw new DiagnosticError(problems);
  const bytes = writeTflite(modelOf(graph, options.description ?? "Millrace"));
  return { model: readTflite(bytes), bytes, diagnostics };
}
