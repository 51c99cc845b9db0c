import { type Graph, type Node, type Operator, onlyUse, type Value } from "@millrace/ir";
import { removeNodes } from "./edit.ts";
import type { Pass, PassExample } from "./pass.ts";
import { WorkList } from "./work-list.ts";

/** A reason why a rewrite does not apply although its pattern does. */
export interface Refusal {
  readonly refused: string;
}

export function refuse(why: string): Refusal {
  return { refused: why };
}

export function isRefusal(found: object): found is Refusal {
  return "refused" in found;
}

/** A rewrite: what to look for from a node of one of `roots`, and what to put in its place. */
export interface RewriteRule<T extends object> {
  readonly roots: readonly Operator[];
  readonly examples?: readonly PassExample[];
  /** The parts of a match, why it is refused, or undefined where the pattern is not there. */
  find(node: Node, graph: Graph): T | Refusal | undefined;
  /** Rewires the graph. Nodes that lose their last use are removed afterwards. */
  replace(parts: T, node: Node, graph: Graph): void;
}

/**
 * A pass that applies a rule until it applies nowhere. A work list keeps it linear in the graph and the changes: after a
 * change it looks again only at new nodes, at what reads their results, and at the last reader of a value that lost others.
 * Each node that stays as it is because of a refusal is noted with the reason.
 */
export function rewrite<T extends object>(name: string, rule: RewriteRule<T>): Pass {
  return {
    name,
    examples: rule.examples ?? [],
    run(graph, context) {
      const list = new WorkList(graph, rule.roots);
      const refusals = new Map<Node, string>();
      let changes = 0;
      for (let node = list.next(); node !== undefined; node = list.next()) {
        refusals.delete(node);
        const found = rule.find(node, graph);
        if (found === undefined) continue;
        if (isRefusal(found)) {
          refusals.set(node, found.refused);
          continue;
        }
        const { values, producers, readings } = list.surroundings(node);
        rule.replace(found, node, graph);
        changes++;
        const { freed } = removeNodes(graph, [node, ...producers]);
        list.addReadings(readings);
        list.addLastReaders([...values, ...freed]);
      }
      for (const [node, message] of refusals) {
        if (graph.contains(node)) context.note({ pass: name, node: node.name, message });
      }
      return changes;
    },
  };
}

/** The node of `op` that makes the value, if that is what makes it. */
export function producedBy(value: Value | undefined, op: Operator): Node | undefined {
  return value?.producer?.op === op ? value.producer : undefined;
}

/** Whether the value is read exactly once and is not an output of the graph. */
export function usedOnce(graph: Graph, value: Value): boolean {
  const use = onlyUse(value);
  return use !== undefined && use.user !== graph.results;
}

/** Whether the value is among the graph's outputs; linear in the smaller of its uses and the outputs. */
export function isOutput(graph: Graph, value: Value): boolean {
  if (value.uses.size > graph.outputs.length) return graph.outputs.includes(value);
  for (const { user } of value.uses) if (user === graph.results) return true;
  return false;
}

/**
 * The nodes of one operator that stand in a row and end with `node`, first to last: each but the last is read by the next one
 * only. Empty if the row goes on after `node`, where its end will be found.
 */
export function rowEndingWith(node: Node): readonly Node[] {
  if (onlyUse(node.outputs[0])?.user.op === node.op) return [];
  const row = [node];
  let above = producedBy(node.inputs[0], node.op);
  while (above !== undefined && onlyUse(above.outputs[0])) {
    row.push(above);
    above = producedBy(above.inputs[0], node.op);
  }
  return row.reverse();
}
