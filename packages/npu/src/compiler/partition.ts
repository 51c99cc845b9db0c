import type { Graph, Node, Value } from "@millrace/ir";
import type { Segment } from "./compile-segment.ts";

/** Nodes that one unit computes before the other goes on. */
export interface Phase {
  readonly unit: "npu" | "cpu";
  readonly nodes: readonly Node[];
}

/**
 * Divides a graph's nodes into as few turns of array and processor as their links allow: each turn takes all that can be computed then. Of the
 * two orders, with either unit first, the one with fewer turns.
 */
export function partition(graph: Graph, isNpu: (node: Node) => boolean): readonly Phase[] {
  const nodes = [...graph.nodes()];
  const [first, second] = (["npu", "cpu"] as const).map((unit) => phasesFrom(nodes, isNpu, unit));
  return first.length <= second.length ? first : second;
}

function phasesFrom(nodes: readonly Node[], isNpu: (node: Node) => boolean, first: Phase["unit"]): readonly Phase[] {
  const turns = new Map<Node, number>();
  const turnOf = (node: Node): number => {
    const unit = isNpu(node) ? "npu" : "cpu";
    const parity = unit === first ? 0 : 1;
    let turn = parity;
    for (const { producer } of node.inputs.filter((value): value is Value => value !== undefined)) {
      if (producer === undefined) continue;
      const before = turns.get(producer)!;
      turn = Math.max(turn, before + (before % 2 === parity ? 0 : 1));
    }
    return turn;
  };
  const phases = new Map<number, Node[]>();
  for (const node of nodes) {
    const turn = turnOf(node);
    turns.set(node, turn);
    const members = phases.get(turn);
    if (members) members.push(node);
    else phases.set(turn, [node]);
  }
  const second = first === "npu" ? "cpu" : "npu";
  const inOrder = [...phases].sort(([a], [b]) => a - b);
  return inOrder.map(([turn, members]) => ({ unit: turn % 2 === 0 ? first : second, nodes: members }));
}

/** A phase's nodes with what they read of others and others of them; `kept` values leave too. */
export function segmentOf(nodes: readonly Node[], kept: ReadonlySet<Value>): Segment {
  const members = new Set(nodes);
  const inputs = new Set<Value>();
  const outputs = new Set<Value>();
  for (const node of nodes) {
    for (const value of node.inputs)
      if (value && value.constant === undefined && !(value.producer && members.has(value.producer))) inputs.add(value);
    for (const value of node.outputs)
      if (kept.has(value) || [...value.uses].some(({ user }) => !members.has(user))) outputs.add(value);
  }
  return { nodes, inputs: [...inputs], outputs: [...outputs] };
}
