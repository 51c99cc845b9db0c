import { allNodes, type Diagnostic, DiagnosticError } from "@millrace/ir";
import { type Machine, type NpuOptions, type ProcessorKernels, withKernels } from "@millrace/npu";
import type { Decision } from "@millrace/passes";
import { defaultLayout, type TargetFormat, write } from "./convert.ts";
import type { LoadedModel } from "./load.ts";
import { type Mapping, placementsOf } from "./npu/placement.ts";
import { requireIntegers } from "./npu/predict.ts";
import { type IoLayout, prepare } from "./prepare.ts";
import { withPlaces } from "./source-places.ts";

/** What became of one node of the written graph, and why. */
export interface NodeExplanation {
  readonly name: string;
  readonly op: string;
  /** Names of the source nodes that it came from. */
  readonly origin: readonly string[];
  /** Where it runs; `none` if the target can't express it. */
  readonly unit: "npu" | "cpu" | "none";
  /** Why it stands as it does: what passes decided of it, what the target refuses, and why a machine's array does not compute it. */
  readonly reasons: readonly string[];
  /** How the machine computes it that was asked for. */
  readonly mapping?: Mapping;
}

export interface Explanation {
  readonly nodes: readonly NodeExplanation[];
  /** Transposes that stay, each with what it stands between and why that keeps it there. */
  readonly transposes: readonly { readonly node: string; readonly reason: string }[];
  /** Inputs and outputs whose layout changed. */
  readonly boundary: readonly { readonly kind: "input" | "output"; readonly name: string }[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface ExplainOptions {
  readonly to: TargetFormat;
  readonly ioLayout?: IoLayout;
  /** A machine that computes the model, which has to be one of integers then. */
  readonly machine?: Machine;
  readonly npu?: NpuOptions;
  /** Whose kernels the machine's processor has; `integer` by default. */
  readonly kernels?: ProcessorKernels;
}

const transposeNotes = "explain-transposes";

/**
 * Says node by node what becomes of a model on the way to a target, whose graph it changes. What the target can't express is told, not thrown.
 * Throws `npu.float-model` where a machine is to compute in float.
 */
export function explain(model: LoadedModel, options: ExplainOptions): Explanation {
  const { to, ioLayout, machine, npu = {}, kernels = "integer" } = options;
  if (machine) requireIntegers(model);
  const {
    graph: prepared,
    decisions,
    diagnostics,
    boundary,
  } = prepare(model, {
    ioLayout: ioLayout ?? defaultLayout(to),
    ...(machine && { unrolled: true, spelled: true, fused: true }),
  });
  const placed = machine && placementsOf(prepared, withKernels(machine, kernels), npu);
  const { graph } = placed ?? { graph: prepared };
  const refusals = withPlaces(
    model,
    refusalsOf(() => write(graph, to)),
  );
  const [forced, others] = [true, false].map((is) => decisions.filter(({ pass }) => (pass === transposeNotes) === is));
  const reasons = reasonsByNode(others, refusals);
  const refused = new Set(refusals.map(({ at }) => at?.node));
  return {
    nodes: [...allNodes(graph)].map((node) => {
      const { name, op, origin } = node;
      const { unit = "cpu", refusal, mapping } = placed?.placements.get(node) ?? {};
      return {
        name,
        op: op.name,
        origin,
        unit: refused.has(name) ? "none" : unit,
        reasons: [...(reasons.get(name) ?? []), ...(refusal === undefined ? [] : [refusal])],
        ...(mapping && { mapping }),
      };
    }),
    transposes: forced.map(({ node, message }) => ({ node, reason: message })),
    boundary: boundary.map(({ kind, name }) => ({ kind, name })),
    diagnostics: [...diagnostics, ...(placed?.diagnostics ?? []), ...refusals],
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
