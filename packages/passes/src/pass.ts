import type { Diagnostic, Graph } from "@millrace/ir";

/** A step that changes a graph and keeps its meaning. */
export interface Pass {
  readonly name: string;
  /** Applies the pass; returns how many changes it made. */
  run(graph: Graph, context: PassContext): number;
}

/** What a pass may tell while it works. */
export interface PassContext {
  /** Records a decision or a refusal about a node, for explanations. */
  note(decision: Decision): void;
  report(diagnostic: Diagnostic): void;
}

/** Why a pass changed a node or left it alone. */
export interface Decision {
  readonly pass: string;
  readonly node: string;
  readonly message: string;
}

/** What happened in a run of passes. */
export interface PassReport {
  readonly decisions: readonly Decision[];
  readonly diagnostics: readonly Diagnostic[];
  readonly changes: Readonly<Record<string, number>>;
}

/** Runs passes in order. `afterEach` sees the graph after every pass, for checks in tests. */
export function runPasses(graph: Graph, passes: readonly Pass[], afterEach?: (pass: Pass) => void): PassReport {
  const decisions: Decision[] = [];
  const diagnostics: Diagnostic[] = [];
  const changes: Record<string, number> = {};
  const context: PassContext = {
    note: (decision) => decisions.push(decision),
    report: (diagnostic) => diagnostics.push(diagnostic),
  };
  for (const pass of passes) {
    changes[pass.name] = (changes[pass.name] ?? 0) + pass.run(graph, context);
    afterEach?.(pass);
  }
  return { decisions, diagnostics, changes };
}
