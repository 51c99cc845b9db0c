import {
  type Graph,
  invertPermutation,
  isIdentityPermutation,
  type Node,
  type Transposed,
  type Value,
} from "@millrace/ir";
import { transpose } from "@millrace/ops";
import { removeNodes, replaceNode } from "../edit.ts";
import type { Pass } from "../pass.ts";
import { isOutput, producedBy } from "../rewrite.ts";
import { inputBalance, movedElements, outputCost, permutedForm } from "./balance.ts";
import { moveNode } from "./move-node.ts";
import { composePermutations, Permuter } from "./permuted-value.ts";

/** Orders of axes among a node's inputs that are tried; more do not occur but in graphs made to be slow. */
const mostOrders = 4;

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
      if (node.op === transpose) {
        changes += joinEarlier(graph, node);
        continue;
      }
      const moved = bestMove(node, permuter);
      if (moved === undefined) continue;
      moveNode(graph, node, moved, permuter);
      changes++;
    }
    return changes;
  },
  examples: [
    {
      name: "past a sum with a constant, as far as it goes",
      before: `
        input x: f32[1,2,2,3]
        t: f32[1,3,2,2] = transpose(x) {permutation=[0,3,1,2]}
        a: f32[1,3,2,2] = neg(t)
        constant c: f32[3,1,1] = [1, 2, 3]
        b: f32[1,3,2,2] = add(a, c) {activation=none}
        y: f32[12] = reshape(b) {shape=[12]}
        output y`,
      after: `
        input x: f32[1,2,2,3]
        a: f32[1,2,2,3] = neg(x)
        constant c: f32[1,1,1,3] = [1, 2, 3]
        b: f32[1,2,2,3] = add(a, c) {activation=none}
        b_restored: f32[1,3,2,2] = transpose(b) {permutation=[0,3,1,2]}
        y: f32[12] = reshape(b_restored) {shape=[12]}
        output y`,
    },
    {
      name: "past a sum whose other input is as large and is read in the old order",
      before: `
        input x: f32[2,3]
        input z: f32[3,2]
        t: f32[3,2] = transpose(x) {permutation=[1,0]}
        y: f32[3,2] = add(t, z) {activation=none}
        output y`,
    },
    {
      name: "past a reshape that merges the axes it moves",
      before: `
        input x: f32[2,3]
        t: f32[3,2] = transpose(x) {permutation=[1,0]}
        y: f32[6] = reshape(t) {shape=[6]}
        output y`,
    },
  ],
};

/** Lets a transpose of a transpose read what that reads, or its readers where both undo each other, before they are carried on. */
function joinEarlier(graph: Graph, node: Node): number {
  const earlier = producedBy(node.inputs[0], transpose);
  if (earlier === undefined) return 0;
  const [first, second] = [earlier, node].map((each) => transpose.attributesOf(each).permutation);
  const permutation = composePermutations(first, second);
  const [source] = earlier.inputs as readonly Value[];
  if (isIdentityPermutation(permutation) && !isOutput(graph, node.outputs[0])) {
    graph.replaceUses(node.outputs[0], source);
    removeNodes(graph, [node]);
  } else replaceNode(graph, node, { inputs: [source], attributes: { permutation } }, [earlier]);
  removeNodes(graph, [earlier]);
  return 1;
}

function bestMove(node: Node, permuter: Permuter): Transposed | undefined {
  const tried = new Set<string>();
  for (const value of node.inputs) {
    if (value?.producer?.op !== transpose) continue;
    const permutation = invertPermutation(transpose.attributesOf(value.producer).permutation);
    if (tried.has(permutation.join())) continue;
    if (tried.size === mostOrders) return undefined;
    tried.add(permutation.join());
    const moved = permutedForm(node, permutation);
    if (moved === undefined) continue;
    const { saved, reordered } = inputBalance(node, moved, permuter);
    const added = reordered.reduce((sum, each) => sum + movedElements(each), 0);
    if (saved > 0 && (added === 0 || saved >= added + outputCost(node, moved))) return moved;
  }
  return undefined;
}
