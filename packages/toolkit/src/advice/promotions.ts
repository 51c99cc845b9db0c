import type { Graph, Node } from "@millrace/ir";
import { activationType, type LayerScheme, schemes } from "@millrace/quantize";

/** Names of the float graph's nodes that compute in 8 bits and could have more, those whose results lose most first. */
export function promotable(graph: Graph, sensitivity: readonly string[]): readonly string[] {
  const makers = new Map(
    [...graph.nodes()].flatMap((node) => node.outputs.map((output) => [output.name, node] as const)),
  );
  const nodes = sensitivity.flatMap((name) => makers.get(name) ?? []).filter((node) => !isCarrier(node));
  return [...new Set(nodes.map(({ name }) => name))];
}

/** Moves or picks elements in whatever type they have. */
function isCarrier({ op }: Node): boolean {
  return op.quantization.kind === "same";
}

/**
 * Schemes that give the nodes of these names 16-bit data, or float32 where their operator has no such form, and what only carries such data on the type that it
 * comes in.
 */
export function promotions(graph: Graph, names: readonly string[]): readonly LayerScheme[] {
  const chosen = new Set(names);
  const wide: string[] = [];
  const real: string[] = [];
  for (const node of graph.nodes()) {
    const makers = node.inputs.flatMap((value) => (value?.producer ? [value.producer.name] : []));
    const carries = isCarrier(node) && makers.length > 0 && makers.every((name) => chosen.has(name));
    if (!carries && !chosen.has(node.name)) continue;
    chosen.add(node.name);
    (activationType(node, schemes.int16x8) === "i16" ? wide : real).push(node.name);
  }
  return [
    ...(wide.length > 0 ? [{ nodes: wide, scheme: "int16x8" as const }] : []),
    ...(real.length > 0 ? [{ nodes: real, scheme: "float32" as const }] : []),
  ];
}
