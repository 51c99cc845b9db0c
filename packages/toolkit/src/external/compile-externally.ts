import type { Compilation } from "../compile.ts";
import { type ModelSource, stemOf } from "../load.ts";
import { isQuantized } from "../prepare.ts";
import { artifactOf, type Output } from "../report.ts";
import {
  type ExternalCompiler,
  type ExternalCompilerName,
  externalCompilers,
  externalInput,
  requireScheme,
} from "./external-compilers.ts";
import { problemsOf } from "./external-problems.ts";
import type { RunTool, ToolResult } from "./run-tool.ts";
import { type ConversionStatistics, statisticsOfLog, statisticsOfTable } from "./statistics.ts";

/** What an external compiler did. */
export interface ExternalReport {
  readonly compiler: string;
  readonly target: string;
  readonly ms: number;
  /** Paths, relative to the report, of what it wrote to the terminal and, if it made one that can be read, of its model. */
  readonly log: string;
  readonly artifact?: string;
  readonly statistics: ConversionStatistics;
}

export interface ExternalOptions {
  readonly compiler: ExternalCompilerName;
  /** In the compiler's own words. */
  readonly target: string;
  readonly run: RunTool;
}

/**
 * Has an external compiler work on a compilation's integer `.tflite`, or on the source where that is one already. Gives the compilation with the
 * files and diagnostics that come of it; its failure is an error among them. Throws `external.scheme` for files that it does not take.
 */
export async function compileExternally(
  compilation: Compilation,
  source: ModelSource,
  { compiler, target, run }: ExternalOptions,
): Promise<Compilation> {
  const { arguments: wordsFor, output, table }: ExternalCompiler = externalCompilers[compiler];
  const bytes = integersOf(compilation, source, compiler);
  const start = performance.now();
  const result = await run({
    arguments: wordsFor(externalInput, target),
    input: { name: externalInput, bytes },
    wants: (file) => file === output || (table?.name.test(file) ?? false),
  });
  const ms = performance.now() - start;
  const stem = `${stemOf(source.name)}_${compiler}`;
  const diagnostics = problemsOf(compiler, result, `${stem}.log`);
  const isUsable = diagnostics.every(({ severity }) => severity !== "error");
  const csv = tableOf(compiler, result);
  const outputs: readonly Output[] = [
    ...(isUsable ? [{ path: `${stem}.tflite`, kind: `tflite-${compiler}`, bytes: result.files.get(output)! }] : []),
    ...(csv ? [{ path: `${stem}.csv`, kind: `table-${compiler}`, bytes: csv }] : []),
    { path: `${stem}.log`, kind: `log-${compiler}`, bytes: result.log },
  ];
  const external: ExternalReport = {
    compiler,
    target,
    ms,
    log: `${stem}.log`,
    ...(isUsable && { artifact: `${stem}.tflite` }),
    statistics: statisticsOf(compiler, result),
  };
  const { report } = compilation;
  return {
    ...compilation,
    outputs: [...compilation.outputs, ...outputs],
    report: {
      ...report,
      artifacts: [...report.artifacts, ...(await Promise.all(outputs.map(artifactOf)))],
      external,
      diagnostics: [...report.diagnostics, ...diagnostics],
      timings: [...report.timings, { stage: compiler, ms }],
    },
  };
}

function integersOf(
  { outputs, report, float }: Compilation,
  source: ModelSource,
  compiler: ExternalCompilerName,
): Uint8Array {
  if (report.model.format === "tflite" && isQuantized(float)) return source.bytes;
  const { scheme } = report.quantization!;
  requireScheme(compiler, scheme);
  return outputs.find(({ kind }) => kind === `tflite-${scheme}`)!.bytes;
}

function tableOf(compiler: ExternalCompilerName, { files }: ToolResult): Uint8Array | undefined {
  const { table }: ExternalCompiler = externalCompilers[compiler];
  return table && [...files].find(([file]) => table.name.test(file))?.[1];
}

function statisticsOf(compiler: ExternalCompilerName, result: ToolResult): ConversionStatistics {
  const { log, table }: ExternalCompiler = externalCompilers[compiler];
  const csv = tableOf(compiler, result);
  return {
    ...statisticsOfLog(new TextDecoder().decode(result.log), log),
    ...(csv && table && statisticsOfTable(new TextDecoder().decode(csv), table.columns)),
  };
}
