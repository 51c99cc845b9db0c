import { type PteMethodDraft, readPte, writePte } from "@millrace/formats/pte";
import { fromNumbers } from "@millrace/ir";
import { exportPte } from "@millrace/targets/executorch";
import { describe, expect, it } from "vitest";
import { fourRuns, statefulSamples } from "../../../targets/src/executorch/stateful.testing.ts";
import { importExecutorch } from "./import.ts";

const tensor = { kind: "Tensor", scalarType: "FLOAT", sizes: [2], dimOrder: [0] } as const;
const planned = (memoryOffsetLow: number) => ({ ...tensor, allocationInfo: { memoryId: 1, memoryOffsetLow } });

/** A method with a tensor that is no input and has no contents: value 1. */
const method = (
  inputs: readonly number[],
  instructions: PteMethodDraft["chains"][number]["instructions"],
): PteMethodDraft => ({
  name: "forward",
  values: [
    planned(0),
    planned(16),
    planned(32),
    { kind: "Double", doubleVal: 1 },
    { kind: "Bool", boolVal: false },
    { ...planned(48), scalarType: "BOOL", sizes: [1] },
  ],
  inputs,
  outputs: [2],
  operators: [
    { name: "aten::add", overload: "out" },
    { name: "aten::copy_", overload: "" },
  ],
  chains: [{ instructions }],
});
const add = { kind: "KernelCall", opIndex: 0, args: [1, 0, 3, 2, 2] } as const;
const copy = { kind: "KernelCall", opIndex: 1, args: [1, 2, 4, 1] } as const;

const graphOf = (...parts: Parameters<typeof method>) =>
  importExecutorch(readPte(writePte({ methods: [method(...parts)] }))).graph;

describe("what ExecuTorch programs keep from run to run", () => {
  it.each(statefulSamples)("is there again after a way through a file: $graph.name", async ({ graph, x }) => {
    const read = importExecutorch(readPte(exportPte(graph).bytes)).graph;
    expect(read.states).toHaveLength(graph.states.length);
    expect(await fourRuns(read, x)).toEqual(await fourRuns(graph, x));
  });

  it("are zeros at first where the file has no contents", async () => {
    const graph = graphOf([0], [add, copy]);
    expect(graph.states).toHaveLength(1);
    const runs = await fourRuns(graph, fromNumbers("f32", [2], [1, -2]));
    expect(runs.flat()).toEqual([1, 2, 3, 4].map((run) => [run, -2 * run]));
  });

  it("is refused where one part of a branch writes it", () => {
    const jump = (condValueIndex: number, destinationInstruction: number) =>
      ({ kind: "JumpFalseCall", condValueIndex, destinationInstruction }) as const;
    expect(() => graphOf([0, 5], [add, jump(5, 4), copy, jump(4, 5), add])).toThrow(/kept from run to run/);
  });
});
