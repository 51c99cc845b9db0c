import { copyNode, Graph } from "@millrace/ir";
import type { Segment } from "./compile-segment.ts";

/** What a segment computes as a graph of its own, whose inputs and outputs have the segment's names, types and order. */
export function segmentGraph({ nodes, inputs, outputs }: Segment, name: string): Graph {
  const graph = new Graph(name);
  const values = new Map(inputs.map((input) => [input, graph.addInput(input.name, input.type)]));
  for (const node of nodes) copyNode(node, graph, values);
  graph.setOutputs(
    outputs.map((output) => values.get(output)!),
    outputs.map((output) => output.name),
  );
  return graph;
}
