import { Graph, tensorOf, zeros } from "@millrace/ir";
import { add, expand, matmul } from "@millrace/ops";
import { expect, test } from "vitest";
import { foldConstants } from "./fold-constants.ts";
import { runPasses } from "./pass.ts";

test("what constants may grow to is limited for all nodes together", () => {
  const graph = new Graph("bomb");
  const one = graph.addConstant("one", tensorOf("bool", [1], Uint8Array.of(1)));
  const copies = Array.from({ length: 300 }, (_, index) => {
    const attributes = { shape: [1 << 16] };
    return graph.addNode({ op: expand, inputs: [one], attributes, name: `copy${index}` }).outputs[0];
  });
  graph.setOutputs(copies);
  const { changes, decisions } = runPasses(graph, [foldConstants]);
  expect(changes).toEqual({ "fold-constants": 256 });
  expect(decisions.map(({ message }) => message)).toEqual(
    new Array(44).fill("its result would be much larger than the constants it is made of"),
  );
});

test("so is the work, in proportion to the constants", () => {
  const graph = new Graph("bomb");
  let x = graph.addConstant("x", zeros("f32", [1 << 11, 1 << 11]));
  const attributes = { transposeA: false, transposeB: false };
  x = graph.addNode({ op: matmul, inputs: [x, x], attributes, name: "product" }).outputs[0];
  graph.setOutputs([x]);
  const { decisions } = runPasses(graph, [foldConstants]);
  expect(decisions).toEqual([
    { pass: "fold-constants", node: "product", message: "it would take too long to compute it ahead" },
  ]);
});

test("a long row of cheap nodes is computed", () => {
  const graph = new Graph("row");
  const one = graph.addConstant("one", zeros("f32", [1]));
  let x = one;
  for (let index = 0; index < 2000; index++)
    x = graph.addNode({ op: add, inputs: [x, one], attributes: { activation: "none" }, name: `x${index}` }).outputs[0];
  graph.setOutputs([x]);
  expect(runPasses(graph, [foldConstants]).changes).toEqual({ "fold-constants": 2000 });
  expect(graph.size).toBe(0);
});
