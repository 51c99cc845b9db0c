import { fromNumbers, Graph, numbersOf, perTensor, type ValueType } from "@millrace/ir";
import { elu, mish } from "@millrace/ops";
import { cleanUp, runPasses } from "@millrace/passes";
import { referenceEngine } from "@millrace/runtime";
import { run } from "@millrace/toolkit";
import { expect, it } from "vitest";
import { exportTflite } from "./export.ts";
import { oneNode, operatorsOf, randomTensor, throughFile } from "./graphs.testing.ts";

function graphOf(before: ValueType, after: ValueType): Graph {
  const graph = new Graph("one");
  const x = graph.addInput("x", before);
  graph.setOutputs(graph.addNode({ op: mish, inputs: [x], attributes: {}, outputTypes: [after] }).outputs);
  return graph;
}

it("is known again when it is read from a file that holds it written out", () => {
  const again = throughFile(oneNode(mish, [randomTensor([2, 3])], {}));
  runPasses(again, cleanUp);
  expect([...again.nodes()].map(({ op }) => op)).toEqual([mish]);
});

const shape = [2, 128];

it.each([
  ["i8", "i8", ["CAST", "ADD", "GATHER"]],
  ["u8", "u8", ["CAST", "GATHER"]],
  ["u8", "i8", ["CAST", "GATHER"]],
] as const)("of %s to %s is a table with the nearest integers of our own", async (from, to, operators) => {
  const zeroPoint = { i8: -20, u8: 108 };
  const [before, after] = [perTensor(0.04, zeroPoint[from]), perTensor(0.03, zeroPoint[to])];
  const graph = graphOf({ dtype: from, shape, quantization: before }, { dtype: to, shape, quantization: after });
  expect(operatorsOf(graph)).toEqual(operators);
  const lowest = from === "i8" ? -128 : 0;
  const stored = Array.from({ length: 256 }, (_, at) => lowest + at);
  const feeds = new Map([["x", fromNumbers(from, shape, stored)]]);
  const results = [graph, throughFile(graph)].map(async (each) => {
    const [[, result]] = await run(each, referenceEngine(), feeds);
    return Array.from(numbersOf(result));
  });
  const [own, written] = await Promise.all(results);
  expect(written).toEqual(own);
  const [low, high] = to === "i8" ? [-128, 127] : [0, 255];
  for (const [at, result] of own.entries()) {
    const x = 0.04 * (stored[at] - zeroPoint[from]);
    const real = x * Math.tanh(Math.log1p(Math.exp(x)));
    const expected = Math.min(high, Math.max(low, real / 0.03 + zeroPoint[to]));
    expect(Math.abs(result - expected)).toBeLessThan(0.501);
  }
});

it("an ELU of bytes that falls to -1.5 is a table too", async () => {
  const type = { dtype: "i8", shape, quantization: perTensor(0.02, -40) } as const;
  const graph = new Graph("one");
  const x = graph.addInput("x", type);
  graph.setOutputs(graph.addNode({ op: elu, inputs: [x], attributes: { alpha: 1.5 }, outputTypes: [type] }).outputs);
  expect(operatorsOf(graph)).toEqual(["CAST", "ADD", "GATHER"]);
  const stored = Array.from({ length: 256 }, (_, at) => at - 128);
  const [[, result]] = await run(
    throughFile(graph),
    referenceEngine(),
    new Map([["x", fromNumbers("i8", shape, stored)]]),
  );
  for (const [at, integer] of Array.from(numbersOf(result)).entries()) {
    const real = 0.02 * (stored[at] + 40);
    const expected = (real < 0 ? 1.5 * Math.expm1(real) : real) / 0.02 - 40;
    expect(Math.abs(integer - expected)).toBeLessThan(0.501);
  }
});

it("of 16 bits is refused with the reason", () => {
  const type = { dtype: "i16", shape, quantization: perTensor(0.001, 0) } as const;
  expect(() => exportTflite(graphOf(type, type))).toThrow(/no Mish but of 32-bit floats and of bytes/);
});
