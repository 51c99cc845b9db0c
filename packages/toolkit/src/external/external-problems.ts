import { readTflite, type TfliteModel } from "@millrace/formats/tflite";
import type { Diagnostic } from "@millrace/ir";
import { diagnosticsOf } from "../errors.ts";
import { type ExternalCompilerName, externalCompilers } from "./external-compilers.ts";
import type { ToolResult } from "./run-tool.ts";

/** What is wrong with the outcome of an external compiler: one diagnostic at most. */
export function problemsOf(name: ExternalCompilerName, result: ToolResult, logFile: string): readonly Diagnostic[] {
  const { output, operator } = externalCompilers[name];
  const log = new TextDecoder().decode(result.log);
  const hint = `read ${logFile}, which is kept beside the report`;
  const error = (code: string, message: string): readonly Diagnostic[] => [
    { code: `external.${code}`, severity: "error", message, hint },
  ];
  if (result.timedOut) return error("timed-out", `${name} was ended at the limit of time${lastWords(log)}`);
  if (result.exitCode === undefined) return error("failed", `${name} was ended by ${result.endedBy}${lastWords(log)}`);
  if (result.exitCode !== 0) return error("failed", `${name} ended with exit code ${result.exitCode}${lastWords(log)}`);
  const bytes = result.files.get(output);
  if (bytes === undefined) return error("no-output", `${name} reported success but left no file ${output}`);
  try {
    if (calls(readTflite(bytes), operator)) return [];
  } catch (problem) {
    const known = diagnosticsOf(problem);
    if (known === undefined) throw problem;
    return error("bad-output", `${name} left a file that is no usable TFLite model: ${known[0].message}`);
  }
  const message = `the file of ${name} does not call the NPU: it took nothing of the model`;
  return [{ code: "external.nothing-converted", severity: "warning", message, hint }];
}

function calls({ operatorCodes }: TfliteModel, operator: string): boolean {
  return operatorCodes.some(({ customCode }) => customCode === operator);
}

const longestWords = 200;

function lastWords(log: string): string {
  const line = log
    .trimEnd()
    .split(/[\r\n]/)
    .at(-1)!
    .trim();
  return line === "" ? "" : `; it said last: ${line.slice(0, longestWords)}`;
}
