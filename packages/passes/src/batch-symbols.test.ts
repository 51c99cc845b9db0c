import { Graph, type Shape } from "@millrace/ir";
import { expect, it } from "vitest";
import { batchSymbols } from "./batch-symbols.ts";

function graphOf(...shapes: readonly Shape[]): Graph {
  const graph = new Graph("inputs");
  for (const [index, shape] of shapes.entries()) graph.addInput(`x${index}`, { dtype: "f32", shape });
  return graph;
}

it.each<readonly [names: readonly string[], ...shapes: readonly Shape[]]>([
  [["N"], ["N", 3, 8], ["N", 4]],
  [["N"], ["N", "T"], [2]],
  [[], ["N", 3], [3, "N"]],
  [[], ["2*N", 3]],
  [[], ["N", "2*N"]],
  [[], [], [1, 2]],
])("finds %j", (names, ...shapes) => {
  expect([...batchSymbols(graphOf(...shapes))]).toEqual(names);
});

it("finds none where states begin with a size", () => {
  const graph = graphOf(["N", 3], ["N", 3]);
  graph.setOutputs([graph.inputs[0]]);
  graph.states = [{ input: "x1", output: "x0" }];
  expect(batchSymbols(graph).size).toBe(0);
});
