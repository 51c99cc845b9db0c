import { bodiesOf, type Diagnostic, type Graph, type Node } from "@millrace/ir";

/** A step that changes a graph and keeps its meaning. */
export interface Pass {
  readonly name: string;
  /** Graphs it changes, and graphs it must leave alone; they are its documentation and its tests. */
  readonly examples?: readonly PassExample[];
  /**
   * Applies the pass to one graph; returns how many changes it made. Bodies within the graph have had their turn before, and
   * take and give what they did, so that the node that holds them stays right.
   */
  run(graph: Graph, context: PassContext): number;
}

/** What a pass makes of a graph; graphs are texts of `parseGraph` without the first line, which names the graph. */
export interface PassExample {
  readonly name: string;
  readonly before: string;
  /** The graph afterwards; absent where it must stay as it is. */
  readonly after?: string;
  /** The message of the decision that is noted, such as why it stays as it is. */
  readonly noted?: string;
}

/** What a pass may tell while it works. */
export interface PassContext {
  /** Whether the graph is a body, whose inputs and outputs have to stay as they are. */
  readonly nested: boolean;
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
  /** Those of the last run of each pass, since what it says about the graph replaces what it said before. */
  readonly decisions: readonly Decision[];
  readonly diagnostics: readonly Diagnostic[];
  readonly changes: Readonly<Record<string, number>>;
}

/** Runs passes in order, each on the bodies within the graph too. `afterEach` sees the graph after every pass, for checks in tests. */
export function runPasses(graph: Graph, passes: readonly Pass[], afterEach?: (pass: Pass) => void): PassReport {
  const decisions = new Map<string, Decision[]>();
  const diagnostics: Diagnostic[] = [];
  const changes: Record<string, number> = {};
  for (const pass of passes) {
    const notes: Decision[] = [];
    const context: PassContext = {
      nested: false,
      note: (decision) => notes.push(decision),
      report: (diagnostic) => diagnostics.push(diagnostic),
    };
    changes[pass.name] = (changes[pass.name] ?? 0) + runThroughout(graph, pass, context);
    decisions.set(pass.name, notes);
    afterEach?.(pass);
  }
  return { decisions: [...decisions.values()].flat(), diagnostics, changes };
}

function runThroughout(graph: Graph, pass: Pass, context: PassContext): number {
  let changes = 0;
  for (const { attributes } of nodesWithBodies(graph)) {
    for (const [, body] of bodiesOf(attributes)) changes += runThroughout(body, pass, { ...context, nested: true });
  }
  return changes + pass.run(graph, context);
}

function nodesWithBodies(graph: Graph): readonly Node[] {
  for (const { bodies } of graph.operators.keys()) if (bodies) return [...graph.nodes()].filter(({ op }) => op.bodies);
  return [];
}
