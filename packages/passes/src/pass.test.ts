import { parseGraph } from "@millrace/ir";
import { add, neg, operators, softmax } from "@millrace/ops";
import { expect, test } from "vitest";
import { runPasses } from "./pass.ts";
import { rewrite } from "./rewrite.ts";
import { NetworkBuilder } from "./testing-graphs.ts";
import { workOf } from "./testing-work.ts";

function chainOfSums(count: number) {
  const n = new NetworkBuilder();
  let x = n.input("x", [4]);
  for (let index = 0; index < count; index++) x = n.add(x, x);
  return n.finish(x);
}

test("a rewrite visits no nodes of a graph that has none of its roots", () => {
  const pass = rewrite("none", { roots: [softmax], find: () => undefined, replace: () => {} });
  const [small, large] = [10, 1000].map((count) => {
    const graph = chainOfSums(count);
    return workOf(() => runPasses(graph, [pass]));
  });
  expect(large).toBe(small);
});

test("a graph counts its operators while nodes are added, moved and removed", () => {
  const graph = parseGraph(
    `graph g
    input x: f32[4]
    a: f32[4] = neg(x)
    b: f32[4] = add(a, x) {activation=none}
    c: f32[4] = neg(x)
    output b`,
    operators,
  );
  const [first, sum, unread] = graph.nodes();
  expect([...graph.operators]).toEqual([
    [neg, 2],
    [add, 1],
  ]);
  graph.moveNode(unread, first);
  graph.removeNode(unread);
  expect(graph.operators.get(neg)).toBe(1);
  graph.setOutputs([first.outputs[0]]);
  graph.removeNode(sum);
  expect([...graph.operators]).toEqual([[neg, 1]]);
});
