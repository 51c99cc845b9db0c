import { type Graph, type Node, type Operator, onlyUse, type Value } from "@millrace/ir";
import type { Pass } from "./pass.ts";

/** A reason why a rewrite does not apply although its pattern does. */
export interface Refusal {
  readonly refused: string;
}

export function refuse(why: string): Refusal {
  return { refused: why };
}

/** A rewrite: what to look for from a node of one of `roots`, and what to put in its place. */
export interface RewriteRule<T extends object> {
  readonly roots: readonly Operator[];
  /** The parts of a match, why it is refused, or undefined where the pattern is not there. */
  find(node: Node, graph: Graph): T | Refusal | undefined;
  /** Rewires the graph. Nodes that lose their last use are removed afterwards. */
  replace(parts: T, node: Node, graph: Graph): void;
}

/**
 * A pass that applies a rule until it applies nowhere, by a work list: after a change only the neighbours are looked at
 * again, so the work is linear in the graph and the changes.
 */
export function rewrite<T extends object>(name: string, rule: RewriteRule<T>): Pass {
  const roots = new Set(rule.roots);
  return {
    name,
    run(graph, context) {
      const queue = [...graph.nodes()].filter(({ op }) => roots.has(op));
      let changes = 0;
      for (let at = 0; at < queue.length; at++) {
        const node = queue[at];
        if (!graph.contains(node)) continue;
        const found = rule.find(node, graph);
        if (found === undefined) continue;
        if ("refused" in found) {
          context.note({ pass: name, node: node.name, message: (found as Refusal).refused });
          continue;
        }
        const around = neighbours(node);
        rule.replace(found, node, graph);
        changes++;
        removeUnused(graph, [node, ...around]);
        for (const next of new Set([...around, ...around.flatMap(neighbours), node])) {
          if (graph.contains(next) && roots.has(next.op)) queue.push(next);
        }
      }
      return changes;
    },
  };
}

/** Nodes next to this one: producers of its inputs and users of its outputs. */
function neighbours(node: Node): Node[] {
  const producers = node.inputs.flatMap((value) => (value?.producer ? [value.producer] : []));
  const users = node.outputs.flatMap(({ uses }) => [...uses].map(({ user }) => user));
  return [...producers, ...users];
}

/** Removes the given nodes and, in turn, their producers, as far as nothing reads them. */
export function removeUnused(graph: Graph, candidates: readonly Node[]): number {
  const queue = [...candidates];
  let removed = 0;
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (!graph.contains(node) || node === graph.results || node.outputs.some(({ uses }) => uses.size > 0)) continue;
    const producers = node.inputs.flatMap((value) => (value?.producer ? [value.producer] : []));
    graph.removeNode(node);
    removed++;
    queue.push(...producers);
  }
  return removed;
}

/** The node of `op` that makes the value, if that is what makes it. */
export function producedBy(value: Value | undefined, op: Operator): Node | undefined {
  return value?.producer?.op === op ? value.producer : undefined;
}

/** Whether the value is read exactly once and is not an output of the graph. */
export function usedOnce(graph: Graph, value: Value): boolean {
  return onlyUse(value) !== undefined && onlyUse(value)?.user !== graph.results;
}

/**
 * Puts a node of the same name and origin in the place of another one: readers of `node` read the new results, which take over the old names.
 * Other nodes that are merged into it are named by `merged`.
 */
export function replaceNode(
  graph: Graph,
  node: Node,
  init: {
    readonly op?: Operator;
    readonly inputs?: readonly (Value | undefined)[];
    readonly attributes?: Node["attributes"];
  },
  merged: readonly Node[] = [],
): Node {
  const names = node.outputs.map(({ name }) => name);
  const created = graph.addNode({
    op: init.op ?? node.op,
    inputs: init.inputs ?? node.inputs,
    attributes: init.attributes ?? node.attributes,
    name: node.name,
    origin: [...new Set([...merged.flatMap(({ origin }) => origin), ...node.origin])],
    before: node,
  });
  for (const [index, output] of node.outputs.entries()) graph.replaceUses(output, created.outputs[index]);
  graph.removeNode(node);
  for (const [index, output] of created.outputs.entries()) graph.rename(output, names[index]);
  return created;
}
