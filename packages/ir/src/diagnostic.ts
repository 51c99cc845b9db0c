/** What went wrong or was decided, as data: drawn by the terminal, the server and the page alike. */
export interface Diagnostic {
  /** Stable dotted name such as `onnx.unknown-operator`. */
  readonly code: string;
  readonly severity: "error" | "warning" | "info";
  /** What happened and why, in a sentence that names the user's own layer. */
  readonly message: string;
  readonly at?: { readonly model?: string; readonly node?: string; readonly value?: string };
  /** What the user can do about it. */
  readonly hint?: string;
}

/** Ends a stage that can't go on, with everything it found. The request or the model is at fault, not the program. */
export class DiagnosticError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(({ code, message }) => `${code}: ${message}`).join("\n"));
    this.name = "DiagnosticError";
    this.diagnostics = diagnostics;
  }
}

/** Throws a single error diagnostic. */
export function fail(code: string, message: string, details: Pick<Diagnostic, "at" | "hint"> = {}): never {
  throw new DiagnosticError([{ code, severity: "error", message, ...details }]);
}
