import { sourcePlaces } from "@millrace/frontends/torch";
import { type Diagnostic, DiagnosticError } from "@millrace/ir";
import type { LoadedModel } from "./load.ts";

/** What `action` throws about layers of a model tells the modules and lines of the source that they are from, where the model has these. */
export function tellingPlaces<T>(model: Pick<LoadedModel, "program">, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    throw new DiagnosticError(withPlaces(model, error.diagnostics));
  }
}

/** The diagnostics of layers with the modules and lines of the source that they are from. */
export function withPlaces(
  { program }: Pick<LoadedModel, "program">,
  diagnostics: readonly Diagnostic[],
): readonly Diagnostic[] {
  if (program === undefined) return diagnostics;
  const places = sourcePlaces(program);
  return diagnostics.map((diagnostic) => {
    const place = places.get(diagnostic.at?.node ?? "");
    if (place === undefined || diagnostic.message.includes(place)) return diagnostic;
    return { ...diagnostic, message: `${diagnostic.message} ${place}` };
  });
}
