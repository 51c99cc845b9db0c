import { type Diagnostic, DiagnosticError } from "@millrace/ir";

/** An error of a reader, with the fields of a diagnostic. */
interface CodedError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly where?: string;
}

function isCoded(error: unknown): error is CodedError {
  return (
    error instanceof Error &&
    "hint" in error &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code.includes(".")
  );
}

/** The diagnostics of an error that tells of a bad request or model; undefined for a fault of the program. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] | undefined {
  if (error instanceof DiagnosticError) return error.diagnostics;
  if (!isCoded(error)) return undefined;
  const { code, message, hint, where } = error;
  return [{ code, severity: "error", message, hint, ...(where !== undefined && { at: { value: where } }) }];
}
