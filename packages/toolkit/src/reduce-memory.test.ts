import { readTflite } from "@millrace/formats/tflite";
import { Graph } from "@millrace/ir";
import { add, mean, tile } from "@millrace/ops";
import { exportTflite } from "@millrace/targets/tflite";
import { expect, test } from "vitest";
import { convert } from "./convert.ts";
import { memoryOf } from "./memory.ts";
import { reduceMemory } from "./reduce-memory.ts";

/** A large value that waits while a larger one becomes small. */
function waiting(): Graph {
  const graph = new Graph("waiting");
  const x = graph.addInput("x", { dtype: "f32", shape: [1, 4] });
  const rows = (count: number) =>
    graph.addNode({ op: tile, inputs: [x], attributes: { repeats: [count, 1] } }).outputs[0];
  const [large, larger] = [rows(16), rows(32)];
  const small = graph.addNode({ op: mean, inputs: [larger], attributes: { axes: [0], keepDims: true } }).outputs[0];
  graph.setOutputs(graph.addNode({ op: add, inputs: [large, small], attributes: { activation: "none" } }).outputs);
  return graph;
}

test("the operators of a written file are in the order that needs least memory, and the report tells both figures", async () => {
  const { bytes } = exportTflite(waiting());
  const conversion = convert({ name: "waiting.tflite", bytes }, { to: "tflite" });
  expect(conversion.diagnostics.map(({ code }) => code)).toContain("memory.reordered");
  const { operatorCodes, subgraphs } = readTflite(conversion.bytes);
  const names = subgraphs[0].operators.map(({ opcodeIndex }) => operatorCodes[opcodeIndex ?? 0].builtinCode);
  expect(names).toEqual(["TILE", "MEAN", "TILE", "ADD"]);
  const graph = waiting();
  const { formerPeakBytes } = reduceMemory(graph);
  expect(await memoryOf(graph, {}, formerPeakBytes)).toMatchObject({ lowerBoundBytes: 544, formerPeakBytes: 784 });
  expect(reduceMemory(graph)).toEqual({ diagnostics: [] });
});
