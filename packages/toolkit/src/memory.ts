import { allNodes, bitsOf, type Diagnostic, type Graph, isStatic } from "@millrace/ir";
import { arenaOfInSteps } from "@millrace/runtime";
import type { Written } from "./convert.ts";
import type { Progress } from "./progress.ts";
import type { Report } from "./report.ts";

const milliseconds = 1000;

/**
 * The memory that an inference needs; undefined where the sizes of activations are not known, or bodies need memory of their own. Plans for a second at most, where the
 * file has no `arena` of its own.
 * `formerPeakBytes` is what was needed before the graph was changed to need less.
 */
export async function memoryOf(
  graph: Graph,
  { signal, arena }: Progress & Pick<Written, "arena"> = {},
  formerPeakBytes?: number,
): Promise<Report["memory"]> {
  const values = [...graph.inputs, ...[...graph.nodes()].flatMap(({ outputs }) => outputs)];
  if (!values.every(({ type }) => isStatic(type.shape))) return undefined;
  for (const { op } of graph.nodes()) if (op.bodies) return undefined;
  const planned = arena ?? (await arenaOfInSteps(graph, { milliseconds, ...(signal && { signal }) })).plan;
  const { arenaBytes, lowerBoundBytes } = planned;
  const weightBytes = weightBytesOf(graph);
  const former = formerPeakBytes === undefined ? {} : { formerPeakBytes };
  return { arenaBytes, lowerBoundBytes, ...former, weightBytes, totalBytes: arenaBytes + weightBytes };
}

/** A note of the first node for which the memory can't be told, as its data decides how large its result is. */
export function memoryProblems(graph: Graph): readonly Diagnostic[] {
  for (const { name, op, outputs } of graph.nodes()) {
    if (!op.largest || outputs.every(({ type }) => isStatic(type.shape))) continue;
    const message = `the memory of an inference is not known: the data decides how large the result of ${name} (${op.name}) is`;
    const hint = "state the shape of this result in the model, if it is always the same";
    return [{ code: "memory.open-size", severity: "info", message, at: { node: name }, hint }];
  }
  return [];
}

/** As files hold them: elements of less than a byte side by side. */
function weightBytesOf(graph: Graph): number {
  const constants = new Set(
    [...allNodes(graph)].flatMap(({ inputs }) => inputs.flatMap((value) => (value?.constant ? [value.constant] : []))),
  );
  return [...constants].reduce((sum, { dtype, data }) => {
    const bits = bitsOf(dtype);
    return sum + (bits < 8 ? Math.ceil((data.length * bits) / 8) : data.byteLength);
  }, 0);
}
