import type { Graph } from "@millrace/ir";
import type { QuantizeOptions } from "./quantize.ts";
import { activationType, schemeChooser } from "./scheme.ts";

/** Whether a graph's form by these options has integers. */
export function needsCalibration(graph: Graph, { scheme = "int8", layers = [] }: QuantizeOptions): boolean {
  const schemeOf = schemeChooser(scheme, layers);
  for (const node of graph.nodes()) if (activationType(node, schemeOf(node)) !== "f32") return true;
  return false;
}
