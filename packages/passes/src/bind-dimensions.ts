import {
  type Attribute,
  bindDimension,
  bodiesOf,
  type Graph,
  isStatic,
  sameShape,
  symbolsOf,
  type Value,
} from "@millrace/ir";
import type { Pass } from "./pass.ts";

/**
 * Gives symbolic dimensions a size: those of `sizes`, and 1 for all others but those to be `kept`, with a diagnostic for each that was not
 * asked for.
 */
export function bindDimensions(
  sizes: ReadonlyMap<string, number> = new Map(),
  kept: ReadonlySet<string> = new Set(),
): Pass {
  return {
    name: "bind-dimensions",
    run(graph, context) {
      if (context.nested) return 0;
      const all = new Map(sizes);
      for (const input of graph.inputs) {
        for (const name of input.type.shape.flatMap(symbolsOf)) {
          if (all.has(name) || kept.has(name)) continue;
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
    examples: [
      {
        name: "an open batch size, in types and attributes",
        before: `
          input x: f32[N,4]
          y: f32[2*N,2] = reshape(x) {shape=[2*N,2]}
          output y`,
        after: `
          input x: f32[1,4]
          y: f32[2,2] = reshape(x) {shape=[2,2]}
          output y`,
      },
      {
        name: "a size that a body of a loop shares",
        before: `
          input x: f32[N]
          y: f32[N] = while(x) {condition=graph c {
            input x: f32[N]
            constant no: bool[1] = [0]
            output no
          }, body=graph b {
            input x: f32[N]
            y: f32[N] = neg(x)
            output y
          }}
          output y`,
        after: `
          input x: f32[1]
          y: f32[1] = while(x) {condition=graph c {
            input x: f32[1]
            constant no: bool[1] = [0]
            output no
          }, body=graph b {
            input x: f32[1]
            y: f32[1] = neg(x)
            output y
          }}
          output y`,
      },
      {
        name: "sizes that are known",
        before: `
          input x: f32[3,4]
          y: f32[6,2] = reshape(x) {shape=[6,2]}
          output y`,
      },
    ],
  };
}

function bindAll(graph: Graph, sizes: ReadonlyMap<string, number>): number {
  let changes = 0;
  const bind = (value: Value) => {
    if (isStatic(value.type.shape)) return;
    const shape = value.type.shape.map((dimension) => bindDimension(dimension, sizes));
    if (sameShape(shape, value.type.shape)) return;
    graph.setType(value, { ...value.type, shape });
    changes++;
  };
  graph.inputs.forEach(bind);
  for (const node of graph.nodes()) {
    for (const [, body] of bodiesOf(node.attributes)) changes += bindAll(body, sizes);
    const attributes = Object.entries(node.attributes);
    if (attributes.some(([, attribute]) => isOpen(attribute))) {
      const bound = attributes.map(([name, attribute]) => [
        name,
        isOpen(attribute) ? attribute.map((size) => bindDimension(size, sizes)) : attribute,
      ]);
      graph.setAttributes(node, Object.fromEntries(bound));
    }
    node.outputs.forEach(bind);
  }
  return changes;
}

function isOpen(attribute: Attribute): attribute is readonly (number | string)[] {
  return Array.isArray(attribute) && attribute.some((size) => typeof size === "string");
}
