import { FormatError } from "@millrace/formats/error";
import { type Diagnostic, DiagnosticError } from "@millrace/ir";

/** A report ends here, and with it the search for errors; more tells nobody more. */
const maximumProblems = 10_000;

/** Where a problem belongs: what its sentence starts with, and the node or value it is about. */
export interface Place {
  readonly label: string;
  readonly at: Diagnostic["at"];
}

/** Collects what is wrong with a model, so that all of it is reported at once. */
export class Problems {
  readonly diagnostics: Diagnostic[] = [];
  #errors = 0;

  /** Throws everything found when that is as much as a report holds. */
  add(diagnostic: Diagnostic): void {
    if (diagnostic.severity === "error") this.#errors++;
    if (this.diagnostics.length < maximumProblems) this.diagnostics.push(diagnostic);
    else this.throwIfAny();
  }

  error(code: string, message: string, details: Pick<Diagnostic, "at" | "hint"> = {}): void {
    this.add({ code, severity: "error", message, ...details });
  }

  /**
   * Runs `attempt`; what it throws about the model is added, put at `place`, and gives undefined. A diagnostic's message is the end of a
   * sentence that begins with the place.
   */
  try<T>(place: Place, attempt: () => T): T | undefined {
    try {
      return attempt();
    } catch (thrown) {
      for (const diagnostic of diagnosticsOf(thrown, place))
        this.add({ ...diagnostic, ...(place.at && { at: place.at }) });
      return undefined;
    }
  }

  /** Throws everything found if any of it is an error. */
  throwIfAny(): void {
    if (this.#errors > 0) throw new DiagnosticError(this.diagnostics);
  }
}

function diagnosticsOf(thrown: unknown, { label }: Place): readonly Diagnostic[] {
  if (thrown instanceof DiagnosticError)
    return thrown.diagnostics.map((diagnostic) => ({ ...diagnostic, message: `${label}: ${diagnostic.message}.` }));
  if (!(thrown instanceof FormatError)) throw thrown;
  const { code, message, hint } = thrown;
  return [{ code, severity: "error", message, hint }];
}
