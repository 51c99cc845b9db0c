import { importTflite } from "@millrace/frontends/tflite";
import { fromNumbers, type Graph, numbersOf, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { exportTflite } from "./export.ts";
import { operatorsOf } from "./graphs.testing.ts";

/** An LSTM of two units over three steps of a batch of two; its last inputs are the states. */
function layer(timeMajor: boolean, states: string, outputs: string): Graph {
  const [x, y] = timeMajor ? ["3,2,1", "3,2,2"] : ["2,3,1", "2,3,2"];
  return parseGraph(
    `graph recurrent
    input x: f32[${x}]
    constant w: f32[2,1] = [1, -2]
    constant v: f32[2,1] = [0.5, 3]
    constant r: f32[2,2] = [1, 0.5, -1, 0.25]
    constant b: f32[2] = [0.5, -0.5]
    constant zero: f32[2,2] = [0, 0, 0, 0]
    constant some: f32[2,2] = [0.5, 0.25, 0, -1]
    y: f32[${y}], h: f32[2,2], c: f32[2,2] = lstm(x, w, v, w, v, r, r, r, r, b, b, b, b, ${states}) {timeMajor=${timeMajor}, cellClip=0} named layer
    ${outputs}`,
    operators,
  );
}

/** All outputs of three runs in a row, on other data each. */
async function resultsOf(graph: Graph): Promise<readonly number[]> {
  const prepared = await referenceEngine().prepare(graph);
  const results: number[] = [];
  for (const run of [1, 2, 3]) {
    const { name, type } = graph.inputs[0];
    const data = Array.from({ length: 6 }, (_, at) => Math.sin(run * (at + 1)) * 2);
    const tensors = await prepared.run(new Map([[name, fromNumbers("f32", type.shape as readonly number[], data)]]));
    for (const output of ["y", "h", "c"]) {
      const tensor = tensors.get(output);
      if (tensor) results.push(...Array.from(numbersOf(tensor)));
    }
  }
  return results;
}

async function expectSameFile(graph: Graph): Promise<void> {
  const again = importTflite(exportTflite(graph).model).graph;
  const [actual, expected] = [await resultsOf(again), await resultsOf(graph)];
  expect(actual).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect(actual[at]).toBeCloseTo(value, 5);
}

describe("an LSTM in a file", () => {
  const whole = ["PAD", "CONCATENATION", "UNIDIRECTIONAL_SEQUENCE_LSTM"];

  it.each([true, false])("starts from zero in every run (time first: %s)", async (timeMajor) => {
    const graph = layer(timeMajor, "zero, zero", "output y");
    expect(operatorsOf(graph)).toEqual([...whole, "SLICE"]);
    await expectSameFile(graph);
    expect(exportTflite(graph).diagnostics).toMatchObject([
      { severity: "info", message: expect.stringContaining("one operator for its 3 steps") },
    ]);
  });

  it("gives its last hidden state as the last of all", async () => {
    const graph = layer(true, "zero, zero", "output h");
    expect(operatorsOf(graph)).toEqual([...whole, "SLICE", "RESHAPE"]);
    await expectSameFile(graph);
  });

  it.each([
    ["it starts from given states", "zero, some", "output y"],
    ["its last cell state is read", "zero, zero", "output y\noutput c"],
  ])("is written out where %s", async (why, states, outputs) => {
    const graph = layer(false, states, outputs);
    expect(operatorsOf(graph)).not.toContain("UNIDIRECTIONAL_SEQUENCE_LSTM");
    expect(exportTflite(graph).diagnostics).toMatchObject([
      { severity: "info", message: expect.stringContaining(`nodes in all, as ${why}`) },
    ]);
    await expectSameFile(graph);
  });
});
