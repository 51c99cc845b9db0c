import type { Diagnostic } from "@millrace/toolkit";
import { diagnosticText } from "./diagnostics.ts";
import { ProgressBar } from "./progress-bar.ts";

/** What every command takes. */
export interface CommonOptions {
  readonly json?: boolean;
}

/** How a command talks to the one who runs it. */
export interface Context {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly progress: (stage: string, done: number, total?: number) => void;
  /** Writes diagnostics to standard error; notes only for people. */
  report(diagnostics: readonly Diagnostic[]): void;
  /** Writes the result to standard output, as `document` with --json, else as `text`. */
  result(document: unknown, text: string): void;
}

/** Runs a command's work with a context, and tidies the terminal up after it. */
export type Run = (options: CommonOptions, work: (context: Context) => Promise<void>) => Promise<void>;

export function runWith(signal: AbortSignal): Run {
  return async ({ json = false }, work) => {
    const bar = process.stderr.isTTY && !json ? new ProgressBar() : undefined;
    try {
      await work({
        signal,
        progress: (stage, done, total) => bar?.update(stage, done, total),
        report: (diagnostics) => printDiagnostics(diagnostics.filter(({ severity }) => severity !== "info" || !json)),
        result: (document, text) => process.stdout.write(`${json ? JSON.stringify(document, null, 2) : text}\n`),
      });
    } finally {
      bar?.clear();
    }
  };
}

/** Writes each diagnostic to standard error. */
export function printDiagnostics(diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) process.stderr.write(`${diagnosticText(diagnostic)}\n`);
}
