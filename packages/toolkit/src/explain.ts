import { allNodes, type Diagnostic, DiagnosticError } from "@millrace/ir";
import type { Decision } from "@millrace/passes";
import { type TargetFormat, write } from "./convert.ts";
import type { LoadedModel } from "./load.ts";
import { type IoLayout, prepare } from "./prepare.ts";

/** What became of one node of the written graph, and why. */
export interface NodeExplanation {
  readonly name: string;
  readonly op: string;
  /** Names of the source nodes that it came from. */
  readonly origin: readonly string[];
  /** Where it runs; `none` if the target can't express it. */
  readonly unit: "cpu" | "none";
  /** Why it stands as it does: what passes decided of it, and what the target refuses. */
  readonly reasons: readonly string[];
}

export interface Explanation {
  readonly nodes: readonly NodeExplanation[];
  /** Transposes that stay, each with what it stands between and why that keeps it there. */
  readonly transposes: readonly { readonly node: string; readonly reason: string }[];
  /** Inputs and outputs whose layout changed. */
  readonly boundary: readonly { readonly kind: "input" | "output"; readonly name: string }[];
  readonly diagnostics: readonly Diagnostic[];
}

const transposeNotes = "explain-transposes";

/** Says node by node what becomes of a model on the way to a target, whose graph it changes. What the target can't express is told, not thrown. */
export function explain(
  model: LoadedModel,
  { to, ioLayout }: { readonly to: TargetFormat; readonly ioLayout?: IoLayout },
): Explanation {
  const { graph, decisions, diagnostics, boundary } = prepare(model, { ...(ioLayout && { ioLayout }) });
  const refusals = refusalsOf(() => write(graph, to));
  const [forced, others] = [true, false].map((is) => decisions.filter(({ pass }) => (pass === transposeNotes) === is));
  const reasons = reasonsByNode(others, refusals);
  const refused = new Set(refusals.map(({ at }) => at?.node));
  return {
    nodes: [...allNodes(graph)].map(({ name, op, origin }) => ({
      name,
      op: op.name,
      origin,
      unit: refused.has(name) ? "none" : "cpu",
      reasons: reasons.get(name) ?? [],
    })),
    transposes: forced.map(({ node, message }) => ({ node, reason: message })),
    boundary: boundary.map(({ kind, name }) => ({ kind, name })),
    diagnostics: [...diagnostics, ...refusals],
  };
}

function refusalsOf(attempt: () => unknown): readonly Diagnostic[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
}

function reasonsByNode(
  decisions: readonly Decision[],
  refusals: readonly Diagnostic[],
): ReadonlyMap<string, readonly string[]> {
  const reasons = new Map<string, string[]>();
  const add = (node: string, reason: string) => reasons.set(node, [...(reasons.get(node) ?? []), reason]);
  for (const { pass, node, message } of decisions) add(node, `${pass}: ${message}`);
  for (const { at, message } of refusals) if (at?.node) add(at.node, message);
  return reasons;
}
