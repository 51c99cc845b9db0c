import {
  elementCount,
  type Graph,
  invertPermutation,
  isIdentityPermutation,
  type Node,
  type Transposed,
  type Value,
} from "@millrace/ir";
import { transpose } from "@millrace/ops";
import type { Pass } from "../pass.ts";
import { removeUnused } from "../rewrite.ts";
import { moveNode } from "./move-node.ts";
import { composePermutations, movesNothing, Permuter } from "./permuted-value.ts";

/** Elements that transposes move before and after a change. */
interface Balance {
  readonly saved: number;
  readonly addedBefore: number;
  readonly addedAfter: number;
}

/**
 * Moves transposes from the inputs of nodes to their results, where they meet others and cancel. A node is moved if that adds no
 * transpose to another of its inputs, or if it saves at least as many moved elements as it adds. One sweep in topological
 * order carries a transpose as far as it goes.
 */
export const pushTransposes: Pass = {
  name: "push-transposes",
  run(graph) {
    const permuter = new Permuter(graph);
    let changes = 0;
    for (const node of graph.nodes()) {
      const moved = node.op === transpose ? undefined : bestMove(node);
      if (moved === undefined) continue;
      const producers = node.inputs.flatMap((value) => value?.producer ?? []);
      moveNode(graph, node, moved, permuter);
      removeUnused(graph, producers);
      changes++;
    }
    return changes;
  },
};

/**
 * Moves transposes of results to the inputs of the node that makes them, where that moves no more elements: towards the
 * graph's inputs, where they may be absorbed. One sweep against the topological order.
 */
export const pullTransposes: Pass = {
  name: "pull-transposes",
  run(graph) {
    const permuter = new Permuter(graph);
    let changes = 0;
    for (const node of [...graph.nodes()].reverse()) {
      if (!graph.contains(node) || node.op !== transpose) continue;
      const source = node.inputs[0]!.producer;
      if (source === undefined || source.op === transpose || source.outputs.length !== 1) continue;
      const moved = source.op.transposed(
        source.inputs,
        source.attributes,
        sourcePermutation(source, transpose.attributesOf(node).permutation),
      );
      if (moved === undefined || !worthPulling(moved, source, node)) continue;
      moveNode(graph, source, moved, permuter);
      changes++;
    }
    return changes;
  },
};

/** The permutation of a node's data that gives its result in the order `wanted`; meaningful where rank is kept. */
function sourcePermutation(node: Node, wanted: readonly number[]): readonly number[] {
  const rank = node.inputs[0]?.type.shape.length;
  return rank === wanted.length ? wanted : [];
}

function worthPulling(moved: Transposed, source: Node, reader: Node): boolean {
  const [permutation] = moved.outputs;
  const wanted = transpose.attributesOf(reader).permutation;
  if (permutation === undefined || permutation.join() !== wanted.join()) return false;
  const { saved, addedBefore, addedAfter } = balanceOf(source, moved);
  return keepsLayout(source, moved) && addedAfter < 0 && saved - addedAfter >= addedBefore;
}

/** Whether the node stays channel-first or channel-last, as the layout passes have decided. */
function keepsLayout(node: Node, moved: Transposed): boolean {
  return node.attributes["layout"] === moved.attributes["layout"];
}

function bestMove(node: Node): Transposed | undefined {
  const tried = new Set<string>();
  for (const value of node.inputs) {
    if (value?.producer?.op !== transpose) continue;
    const permutation = invertPermutation(transpose.attributesOf(value.producer).permutation);
    if (tried.has(permutation.join())) continue;
    tried.add(permutation.join());
    const moved = node.op.transposed(node.inputs, node.attributes, permutation);
    if (moved === undefined || !keepsLayout(node, moved)) continue;
    const { saved, addedBefore, addedAfter } = balanceOf(node, moved);
    if (saved > 0 && (addedBefore === 0 || saved >= addedBefore + addedAfter)) return moved;
  }
  return undefined;
}

function balanceOf(node: Node, moved: Transposed): Balance {
  let [saved, addedBefore] = [0, 0];
  node.inputs.forEach((value, index) => {
    const permutation = moved.inputs[index];
    if (value === undefined || permutation === undefined || value.constant) return;
    const whole =
      value.producer?.op === transpose
        ? composePermutations(transpose.attributesOf(value.producer).permutation, permutation)
        : permutation;
    if (isIdentityPermutation(whole)) saved += sizeOf(value);
    else if (value.producer?.op !== transpose && !movesNothing(value.type.shape, permutation))
      addedBefore += sizeOf(value);
  });
  const addedAfter = node.outputs.reduce((sum, output, index) => sum + restoringCost(output, moved.outputs[index]), 0);
  return { saved, addedBefore, addedAfter };
}

/** Elements moved by putting a result back in its old order; negative where all readers undo that order anyway. */
function restoringCost(output: Value, permutation: readonly number[] | undefined): number {
  if (permutation === undefined || movesNothing(output.type.shape, permutation)) return 0;
  const readers = [...output.uses].map(({ user }) => user);
  const undone =
    readers.length > 0 &&
    readers.every(
      (user) => user.op === transpose && transpose.attributesOf(user).permutation.join() === permutation.join(),
    );
  return undone ? -sizeOf(output) : sizeOf(output);
}

function sizeOf(value: Value): number {
  const count = elementCount(value.type.shape);
  return typeof count === "number" ? count : 1;
}

/** Transposes left in the graph. */
export function remainingTransposes(graph: Graph): readonly Node[] {
  return [...graph.nodes()].filter(({ op }) => op === transpose);
}
