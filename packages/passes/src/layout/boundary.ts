import { type Graph, type Node, permute, sameShape, type Value } from "@millrace/ir";
import { reshape, toChannelsFirst, toChannelsLast, transpose } from "@millrace/ops";
import type { Pass } from "../pass.ts";
import { movesNothing } from "./permuted-value.ts";

/** How a boundary value's axes moved against the source model's: now[i] = source[permutation[i]]. */
export interface BoundaryChange {
  readonly name: string;
  readonly kind: "input" | "output";
  readonly permutation: readonly number[];
}

function isBetween(permutation: readonly number[], wanted: readonly number[]): boolean {
  return permutation.join() === wanted.join();
}

/**
 * Gives the graph channel-last inputs and outputs where all that reads an input, or what makes an output, is the
 * transpose between the two layouts. Adds what it changed to `changes`.
 */
export function absorbIntoBoundary(changes: BoundaryChange[]): Pass {
  return {
    name: "absorb-into-boundary",
    run(graph, context) {
      const before = changes.length;
      for (const input of [...graph.inputs]) {
        const { name } = input;
        if (absorbInput(graph, input)) changes.push({ name, kind: "input", permutation: toChannelsLast });
      }
      graph.outputs.forEach((output, index) => {
        if (absorbOutput(graph, output))
          changes.push({ name: graph.outputNames[index], kind: "output", permutation: toChannelsLast });
      });
      for (const { name, kind } of changes.slice(before)) {
        context.report({
          code: "layout.boundary-changed",
          severity: "info",
          message: `${kind} ${name} is channel-last (NHWC) in the result; the source has it channel-first (NCHW)`,
          at: { value: name },
          hint: "use --io-layout source to keep the source's layout",
        });
      }
      return changes.length - before;
    },
  };
}

function absorbInput(graph: Graph, input: Value): boolean {
  const readers = [...input.uses].map(({ user }) => user);
  if (readers.length === 0 || !readers.every((node) => turnsLast(node, input))) return false;
  const shape = readers[0].outputs[0].type.shape;
  const turned = graph.replaceInput(input, { ...input.type, shape });
  for (const node of readers) dropTranspose(graph, node, turned);
  return true;
}

/** Whether the node only turns a channel-first value channel-last, by a transpose or, with nothing to move, a reshape. */
function turnsLast(node: Node, { type }: Value): boolean {
  if (type.shape.length !== 4) return false;
  if (node.op === transpose) return isBetween(transpose.attributesOf(node).permutation, toChannelsLast);
  const turned = permute(type.shape, toChannelsLast);
  return (
    node.op === reshape && movesNothing(type.shape, toChannelsLast) && sameShape(node.outputs[0].type.shape, turned)
  );
}

function absorbOutput(graph: Graph, output: Value): boolean {
  const node = output.producer;
  if (node?.op !== transpose || !isBetween(transpose.attributesOf(node).permutation, toChannelsFirst)) return false;
  const source = node.inputs[0]!;
  for (const use of [...output.uses]) if (use.user === graph.results) graph.setInput(use.user, use.index, source);
  if (output.uses.size === 0) graph.removeNode(node);
  return true;
}

function dropTranspose(graph: Graph, node: Node, source: Value): void {
  graph.replaceUses(node.outputs[0], source);
  graph.removeNode(node);
}
