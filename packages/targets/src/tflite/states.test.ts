import { readTflite, type TfliteModel } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import { equalGraphs, fromNumbers, type Graph, numbersOf, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { tfliteProblems } from "./constraints.ts";
import { exportTflite } from "./export.ts";
import { withoutOrigins } from "./graphs.testing.ts";

const graphOf = (text: string) => parseGraph(`graph stateful\n${text}`, operators);

const operatorsOf = ({ subgraphs, operatorCodes }: TfliteModel) =>
  subgraphs.map((subgraph) => subgraph.operators.map(({ opcodeIndex }) => operatorCodes[opcodeIndex].builtinCode));

/** The first output in each of three runs on 1, 2 and 3. */
async function resultsOf(graph: Graph): Promise<readonly number[][]> {
  const prepared = await referenceEngine().prepare(graph);
  const results: number[][] = [];
  for (const x of [1, 2, 3]) {
    const { name, type } = graph.inputs[0];
    const feed = fromNumbers(type.dtype, type.shape as readonly number[], [x]);
    results.push(Array.from(numbersOf((await prepared.run(new Map([[name, feed]]))).get(graph.outputs[0].name)!)));
  }
  return results;
}

/** y = x + the sum of all x before; the state starts with a number of its own. */
const sums = `
  input x: f32[1]
  input before: f32[1]
  y: f32[1] = add(x, before) {activation=none}
  output y
  output y as after
  state before from after = [0.5]`;

const filter = (state: string) => `
  input x: f32[1,1]
  input memory: f32[1,2]
  constant features: f32[1,1] = [2]
  constant times: f32[1,2] = [3, 1]
  y: f32[1,1], memory_next: f32[1,2] = svdf(x, features, times, -, memory) {rank=1, activation=none}
  output y
  output memory_next
  state memory from memory_next${state}`;

const integers = `
  input x: i8[1]<scale=[0.5], zeroPoint=[-3]>
  input before: i8[1]<scale=[0.5], zeroPoint=[-3]>
  y: i8[1]<scale=[0.5], zeroPoint=[-3]> = add(x, before) {activation=none}
  output y
  output y as after
  state before from after`;

describe("states", () => {
  it.each([
    ["with a start", sums, [[1.5], [3.5], [6.5]]],
    ["of integers, which start as zero", integers, [[1], [6], [12]]],
  ])("%s become variables that a subgraph initialises", async (_, text, expected) => {
    const { model } = exportTflite(graphOf(text));
    expect(operatorsOf(model)).toEqual([
      ["CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ADD", "ASSIGN_VARIABLE"],
      ["VAR_HANDLE", "ASSIGN_VARIABLE"],
    ]);
    expect(model.signatureDefs?.[0].inputs?.map(({ name }) => name)).toEqual(["x"]);
    expect(model.signatureDefs?.[0].outputs?.map(({ name }) => name)).toEqual(["y"]);
    expect(await resultsOf(graphOf(text))).toEqual(expected);
    expect(await resultsOf(importTflite(model).graph)).toEqual(expected);
  });

  it("of one operator become its variable tensors", async () => {
    const graph = graphOf(filter(""));
    const { model, bytes } = exportTflite(graph);
    expect(operatorsOf(model)).toEqual([["SVDF"]]);
    expect(model.subgraphs[0].tensors.filter(({ isVariable }) => isVariable).map(({ name }) => name)).toEqual([
      "memory",
    ]);
    const again = importTflite(readTflite(bytes)).graph;
    expect(equalGraphs(withoutOrigins(graph), withoutOrigins(again))).toBeUndefined();
    expect(await resultsOf(again)).toEqual([[2], [10], [18]]);
  });

  it.each([
    ["start with other than zeros", filter(" = [0, 1]")],
    ["are fed by the user", filter("").replace(/\n.*state memory.*/, "")],
    [
      "are read elsewhere",
      `${filter("")}\n z: f32[1,2] = neg(memory)\n output z`.replace(/(\n.*state.*)(\n.*)(\n.*)/, "$2$3$1"),
    ],
  ])("of an operator that %s are refused", (_, text) => {
    const messages = tfliteProblems(graphOf(text)).map(({ message }) => message);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toContain("its states start as zeros and are kept from run to run");
  });
});

describe("control flow", () => {
  const loop = `
    input x: i8[1]<scale=[1], zeroPoint=[0]>
    y: i8[1]<scale=[1], zeroPoint=[0]> = while(x) {condition=graph small {
      input x: i8[1]<scale=[1], zeroPoint=[0]>
      constant limit: i8[1]<scale=[1], zeroPoint=[0]> = [50]
      less: bool[1] = less(x, limit)
      output less
    }, body=graph double {
      input x: i8[1]<scale=[1], zeroPoint=[0]>
      y: i8[1]<scale=[1], zeroPoint=[0]> = add(x, x) {activation=none}
      output y
    }}
    output y`;

  it("comes back from a file with its bodies", async () => {
    const graph = graphOf(loop);
    const { model } = exportTflite(graph);
    expect(operatorsOf(model)).toEqual([["WHILE"], ["LESS"], ["ADD"]]);
    const again = importTflite(model).graph;
    expect(equalGraphs(withoutOrigins(graph), withoutOrigins(again))).toBeUndefined();
    expect(await resultsOf(again)).toEqual([[64], [64], [96]]);
  });

  it("names what can't be written in a body", () => {
    const body = loop
      .replace("add(x, x) {activation=none}", "erf(x)")
      .replaceAll("i8[1]<scale=[1], zeroPoint=[0]>", "f32[1]");
    const problems = tfliteProblems(graphOf(body)).map(({ message }) => message);
    expect(problems).toEqual([expect.stringContaining("y (erf) can't be written: TFLite has no error function")]);
  });
});
