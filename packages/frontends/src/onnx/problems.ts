import { FormatError } from "@millrace/formats/error";
import { type Diagnostic, DiagnosticError } from "@millrace/ir";

/** A report stops growing here; more tells nobody more. */
const maximumProblems = 10_000;

/** Where a sentence belongs: what it starts with, and the node or value it is about. */
export interface Place {
  readonly label: string;
  readonly at: Diagnostic["at"];
}

/** Collects what is wrong with a model, so that all of it is reported at once. */
export class Problems {
  readonly diagnostics: Diagnostic[] = [];
  readonly #once = new Set<string>();
  #errors = 0;

  add(diagnostic: Diagnostic): void {
    if (diagnostic.severity === "error") this.#errors++;
    if (this.diagnostics.length < maximumProblems) this.diagnostics.push(diagnostic);
  }

  error(code: string, message: string, details: Pick<Diagnostic, "at" | "hint"> = {}): void {
    this.add({ code, severity: "error", message, ...details });
  }

  /** Adds an error unless one with the same key was added before. */
  errorOnce(key: string, code: string, message: string, details: Pick<Diagnostic, "at" | "hint"> = {}): void {
    if (this.#once.has(key)) return;
    this.#once.add(key);
    this.error(code, message, details);
  }

  /** Runs `attempt`; what it throws about the model is added, put at `place`, and gives undefined. */
  try<T>(place: Place, attempt: () => T): T | undefined {
    try {
      return attempt();
    } catch (thrown) {
      for (const diagnostic of diagnosticsOf(thrown))
        this.add({ ...diagnostic, message: `${place.label}: ${sentence(diagnostic.message)}`, at: place.at });
      return undefined;
    }
  }

  /** Throws everything found if any of it is an error. */
  throwIfAny(): void {
    if (this.#errors > 0) throw new DiagnosticError(this.diagnostics);
  }
}

function diagnosticsOf(thrown: unknown): readonly Diagnostic[] {
  if (thrown instanceof DiagnosticError) return thrown.diagnostics;
  if (!(thrown instanceof FormatError)) throw thrown;
  const { code, message, hint } = thrown;
  return [{ code, severity: "error", message, hint }];
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
