import { bindDimension, type Graph, isStatic, symbolsOf, type Value } from "@millrace/ir";
import type { Pass } from "./pass.ts";

/** Gives symbolic dimensions a size: those of `sizes`, and 1 for all others, with a diagnostic for each that was not asked for. */
export function bindDimensions(sizes: ReadonlyMap<string, number> = new Map()): Pass {
  return {
    name: "bind-dimensions",
    run(graph, context) {
      const all = new Map(sizes);
      for (const input of graph.inputs) {
        for (const name of input.type.shape.flatMap(symbolsOf)) {
          if (all.has(name)) continue;
          all.set(name, 1);
          context.report({
            code: "shape.dimension-pinned",
            severity: "info",
            message: `dimension ${name} of input ${input.name} is open; it was set to 1`,
            at: { value: input.name },
            hint: `give it with --dim ${name}=SIZE`,
          });
        }
      }
      return bindAll(graph, all);
    },
  };
}

function bindAll(graph: Graph, sizes: ReadonlyMap<string, number>): number {
  let changes = 0;
  const bind = (value: Value) => {
    if (isStatic(value.type.shape)) return;
    graph.setType(value, {
      ...value.type,
      shape: value.type.shape.map((dimension) => bindDimension(dimension, sizes)),
    });
    changes++;
  };
  graph.inputs.forEach(bind);
  for (const node of graph.nodes()) {
    const bound = Object.entries(node.attributes).map(([name, attribute]) => {
      const open = Array.isArray(attribute) && attribute.some((item) => typeof item === "string");
      return [name, open ? attribute.map((item) => bindDimension(item, sizes)) : attribute];
    });
    graph.setAttributes(node, Object.fromEntries(bound));
    node.outputs.forEach(bind);
  }
  return changes;
}
