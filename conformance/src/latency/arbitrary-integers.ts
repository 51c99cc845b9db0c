import type { Graph, Value } from "@millrace/ir";
import { noCalibration, quantizeGraph } from "@millrace/quantize";

/** A float network in int8 with arbitrary scales: as good as any where only sizes count, as for time. */
export function arbitraryIntegers(graph: Graph): Graph {
  const values: readonly Value[] = [...graph.inputs, ...[...graph.nodes()].flatMap(({ outputs }) => outputs)];
  const ranges = new Map(values.map((value) => [value, { minimum: -1, maximum: 1 }]));
  return quantizeGraph(graph, { ...noCalibration, ranges, extremes: ranges }).graph;
}
