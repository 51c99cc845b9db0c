import { type PteMethodDraft, writePte } from "@millrace/formats/pte";
import { describe, expect, it } from "vitest";
import { inspectFile } from "./inspect-file.ts";

const tensor = { kind: "Tensor", scalarType: "FLOAT", sizes: [1, 2], dimOrder: [0, 1] } as const;

/** Adds a parameter to an input, and gives the sum to a back end if there is one. */
function program(backend?: string): Uint8Array {
  const method: PteMethodDraft = {
    name: "forward",
    values: [
      { ...tensor, allocationInfo: { memoryId: 1 } },
      { ...tensor, dataBufferIdx: 1 },
      { kind: "Int", intVal: 1n },
      { ...tensor, allocationInfo: { memoryId: 1, memoryOffsetLow: 16 } },
      { ...tensor, allocationInfo: { memoryId: 1, memoryOffsetLow: 32 } },
    ],
    inputs: [0],
    outputs: [backend ? 4 : 3],
    operators: [{ name: "aten::add", overload: "out" }],
    delegates: backend ? [{ id: backend, processed: Uint8Array.of(1) }] : [],
    chains: [
      {
        instructions: [
          { kind: "KernelCall", opIndex: 0, args: [0, 1, 2, 3, 3] },
          ...(backend ? [{ kind: "DelegateCall", delegateIndex: 0, args: [3, 4] } as const] : []),
        ],
      },
    ],
    nonConstBufferSizes: [0n, 48n],
  };
  return writePte({ methods: [method], constants: [new Uint8Array(0), new Uint8Array(8)] });
}

describe("what an ExecuTorch program is", () => {
  it("is told by the kernels that it calls", () => {
    const { info, diagnostics } = inspectFile({ name: "sum.pte", bytes: program() });
    expect(diagnostics).toEqual([]);
    expect(info.operators).toEqual({ "aten::add.out": 1 });
    expect(info.inputs).toEqual([{ name: "input_0", dtype: "f32", shape: [1, 2] }]);
    expect(info.parameters).toBe(2);
  });

  it("is told although a part is for a back end that nobody else knows", () => {
    const { info, diagnostics } = inspectFile({ name: "part.pte", bytes: program("OtherBackend") });
    expect(diagnostics.map(({ code, severity }) => [code, severity])).toEqual([
      ["executorch.other-backend", "warning"],
    ]);
    expect(info.operators).toEqual({ "aten::add.out": 1, OtherBackend: 1 });
    expect(info.outputs).toEqual([{ name: "output_0", dtype: "f32", shape: [1, 2] }]);
  });
});
