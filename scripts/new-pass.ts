import { runScaffold, type ScaffoldNames, writeNew } from "./scaffold.ts";

const pass = ({ camel, kebab }: ScaffoldNames) => `import type { Value } from "@millrace/ir";
import { neg } from "@millrace/ops";
import { producedBy, rewrite } from "./rewrite.ts";

/** -(-x) = x. Say here what is put in the place of what, and why the meaning stays. */
export const ${camel} = rewrite("${kebab}", {
  roots: [neg],
  find(node) {
    const inner = producedBy(node.inputs[0], neg);
    return inner && { x: inner.inputs[0] as Value };
  },
  replace({ x }, node, graph) {
    graph.replaceUses(node.outputs[0], x);
  },
});
`;

const test = ({ camel, kebab }: ScaffoldNames) => `import { Graph, verify } from "@millrace/ir";
import { neg } from "@millrace/ops";
import { expect, test } from "vitest";
import { ${camel} } from "./${kebab}.ts";
import { runPasses } from "./pass.ts";
import { expectClose, resultsOf } from "./testing.ts";

test("${kebab} finds its pattern and keeps what the graph computes", () => {
  const graph = new Graph("example");
  let value = graph.addInput("x", { dtype: "f32", shape: [2, 3] });
  for (let count = 0; count < 3; count++) [value] = graph.addNode({ op: neg, inputs: [value], attributes: {} }).outputs;
  graph.setOutputs([value]);
  const before = resultsOf(graph);
  expect(runPasses(graph, [${camel}]).changes).toEqual({ "${kebab}": 1 });
  expect(verify(graph)).toEqual([]);
  expect(graph.size).toBe(1);
  expectClose(resultsOf(graph), before);
});
`;

runScaffold((names) => {
  const path = `packages/passes/src/${names.kebab}`;
  writeNew({ [`${path}.ts`]: pass(names), [`${path}.test.ts`]: test(names) });
  return `Created ${path}.ts and ${path}.test.ts. Next:
1. Put your pattern in the place of the example in ${path}.ts, and a graph that holds it in the test.
2. Add ${names.camel} where it belongs in the order of packages/passes/src/pipelines.ts.
3. Add a network to packages/passes/src/pipelines.test.ts if the pass changes what the whole pipeline leaves.`;
});
