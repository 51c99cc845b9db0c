import { allNodes, type Graph, isStatic } from "@millrace/ir";
import { arenaOfInSteps } from "@millrace/runtime";
import type { Progress } from "./progress.ts";
import type { Report } from "./report.ts";

const milliseconds = 1000;

/** The memory that an inference needs; undefined where the sizes of activations are not known, or bodies need memory of their own. Plans for a second at most. */
export async function memoryOf(graph: Graph, { signal }: Progress = {}): Promise<Report["memory"]> {
  const values = [...graph.inputs, ...[...graph.nodes()].flatMap(({ outputs }) => outputs)];
  if (!values.every(({ type }) => isStatic(type.shape))) return undefined;
  for (const { op } of graph.nodes()) if (op.bodies) return undefined;
  const { plan } = await arenaOfInSteps(graph, { milliseconds, ...(signal && { signal }) });
  const { arenaBytes, lowerBoundBytes } = plan;
  const weightBytes = weightBytesOf(graph);
  return { arenaBytes, lowerBoundBytes, weightBytes, totalBytes: arenaBytes + weightBytes };
}

function weightBytesOf(graph: Graph): number {
  const constants = new Set(
    [...allNodes(graph)].flatMap(({ inputs }) => inputs.flatMap((value) => (value?.constant ? [value.constant] : []))),
  );
  return [...constants].reduce((sum, { data }) => sum + data.byteLength, 0);
}
