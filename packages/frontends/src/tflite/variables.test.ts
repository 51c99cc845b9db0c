import { readTflite, writeTflite } from "@millrace/formats/tflite";
import { describe, expect, it } from "vitest";
import { importTflite } from "./import.ts";
import { linesOf, problemsOf } from "./models.testing.ts";

const handle = { name: "handle", type: "RESOURCE", shape: [] } as const;
const real = (name: string) => ({ name, shape: [2] });
const named = { kind: "VarHandleOptions", sharedName: "memory" } as const;

/** y = x + memory, which then becomes y; a second subgraph says what memory starts with. */
function accumulator(initial: "ASSIGN_VARIABLE" | "NEG", kept: "FLOAT32" | "INT32" = "FLOAT32") {
  const bytes = new Uint8Array(Float32Array.of(1, 2).buffer);
  return readTflite(
    writeTflite({
      operatorCodes: [
        { builtinCode: "CALL_ONCE" },
        { builtinCode: "VAR_HANDLE" },
        { builtinCode: "READ_VARIABLE" },
        { builtinCode: "ADD" },
        { builtinCode: "ASSIGN_VARIABLE" },
        { builtinCode: initial },
      ],
      buffers: [{}, { data: bytes }],
      subgraphs: [
        {
          tensors: [real("x"), handle, { ...real("before"), type: kept }, real("y")],
          inputs: [0],
          outputs: [3],
          operators: [
            {
              opcodeIndex: 0,
              inputs: [],
              outputs: [],
              builtinOptions: { kind: "CallOnceOptions", initSubgraphIndex: 1 },
            },
            { opcodeIndex: 1, inputs: [], outputs: [1], builtinOptions: named },
            { opcodeIndex: 2, inputs: [1], outputs: [2] },
            { opcodeIndex: 3, inputs: [0, 2], outputs: [3] },
            { opcodeIndex: 4, inputs: [1, 3], outputs: [] },
          ],
        },
        {
          tensors: [handle, { ...real("start"), buffer: 1 }],
          inputs: [],
          outputs: [],
          operators: [
            { opcodeIndex: 1, inputs: [], outputs: [0], builtinOptions: named },
            { opcodeIndex: 5, inputs: [0, 1], outputs: [] },
          ],
        },
      ],
    }),
  );
}

describe("resource variables", () => {
  it("become an input and an output that are linked as a state", () => {
    const { graph } = importTflite(accumulator("ASSIGN_VARIABLE"));
    expect(linesOf(graph)).toEqual(["add(x, memory) -> y"]);
    expect(graph.states).toEqual([
      { input: "memory", output: "y", initial: { dtype: "f32", shape: [2], data: Float32Array.of(1, 2) } },
    ]);
  });

  it("must only be given constants at first", () => {
    expect(problemsOf(accumulator("NEG")).map(({ code }) => code)).toContain("tflite.subgraphs");
  });

  it("keep one type", () => {
    expect(problemsOf(accumulator("ASSIGN_VARIABLE", "INT32")).map(({ code }) => code)).toContain("tflite.variable");
  });
});
