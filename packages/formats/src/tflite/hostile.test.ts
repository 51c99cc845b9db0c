import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { FormatError } from "../error.ts";
import { positionOf } from "../flatbuffer/position.testing.ts";
import { random } from "../flatbuffer/random.testing.ts";
import { example } from "./example.testing.ts";
import { readTflite, type TfliteDraft, writeTflite } from "./index.ts";

const { subgraphs } = example;

const controlFlow: TfliteDraft<"Model"> = {
  ...example,
  operatorCodes: [
    { builtinCode: "WHILE" },
    { builtinCode: "STABLEHLO_REDUCE" },
    { customCode: "mine", builtinCode: "CUSTOM" },
  ],
  subgraphs: [
    {
      ...subgraphs[0],
      operators: [
        { builtinOptions: { kind: "WhileOptions", condSubgraphIndex: 1, bodySubgraphIndex: 1 } },
        { opcodeIndex: 1, builtinOptions2: { kind: "StablehloReduceOptions", dimensions: [1n], bodySubgraphIndex: 1 } },
        { opcodeIndex: 2, customOptions: Uint8Array.of(1, 2, 3), mutatingVariableInputs: [true, false] },
      ],
    },
    { name: "body" },
  ],
};

const sparse: TfliteDraft<"Model"> = {
  ...example,
  subgraphs: [
    {
      tensors: [
        {
          sparsity: {
            traversalOrder: [0, 1],
            dimMetadata: [
              { denseSize: 4 },
              {
                format: "SPARSE_CSR",
                arraySegments: { kind: "Uint8Vector", values: Uint8Array.of(0, 1) },
                arrayIndices: { kind: "Uint16Vector", values: [0, 3] },
              },
            ],
          },
          quantization: { details: { kind: "BlockwiseQuantization", zeroPoints: -1, blockSize: 32 } },
        },
      ],
    },
  ],
  signatureDefs: [],
};

const files = [example, controlFlow, sparse].map((draft) => writeTflite(draft));

const codes = new Set(
  ["truncated", "malformed", "not-tflite", "index-out-of-range", "unknown-value"].map((name) => `tflite.${name}`),
);

/** Reads; gives the code of a proper refusal, or "read" for a model that also survives being written. */
function outcome(bytes: Uint8Array): string {
  try {
    const model = readTflite(bytes);
    if (model.buffers.length === 0 || model.buffers[0]!.data?.length) return "read";
    if (!isDeepStrictEqual(readTflite(writeTflite(model)), model)) return "changed by writing";
    return "read";
  } catch (error) {
    if (error instanceof FormatError && codes.has(error.code)) return error.code;
    throw error;
  }
}

describe("hostile files", () => {
  it("refuses every truncation", () => {
    for (const file of files) {
      for (let length = 0; length < file.length; length++) {
        const result = outcome(file.subarray(0, length));
        expect(result, `first ${length} of ${file.length} bytes`).toBe("tflite.truncated");
      }
    }
  });

  it("reads or refuses files with random bytes changed", () => {
    const below = random(7);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const damaged = files[i % files.length]!.slice();
      for (let flips = 1 + below(3); flips > 0; flips--) damaged[below(damaged.length)] = below(256);
      const result = outcome(damaged);
      seen.set(result, (seen.get(result) ?? 0) + 1);
    }
    expect([...seen.keys()].sort()).toEqual([...codes, "read"].sort());
  });

  it.each([
    ["eight bytes whose root lies outside", Uint8Array.of(0x18, 0, 0, 0, 0x54, 0x46, 0x4c, 0x33), "tflite.truncated"],
    ["no bytes", new Uint8Array(0), "tflite.truncated"],
    ["another format", new TextEncoder().encode("PK\x03\x04 and more"), "tflite.not-tflite"],
    ["a root that points to itself", Uint8Array.of(0, 0, 0, 0, 0x54, 0x46, 0x4c, 0x33), "tflite.malformed"],
  ])("refuses %s", (_name, bytes, code) => {
    expect(outcome(bytes)).toBe(code);
  });

  it.each([
    [
      "a buffer index",
      [{ entry: 2 }, { element: 0 }, { entry: 0 }, { element: 1 }, { entry: 2 }],
      9999,
      "tflite.index-out-of-range",
    ],
    ["a tensor index", [{ entry: 2 }, { element: 0 }, { entry: 2 }, { element: 0 }], -7, "tflite.index-out-of-range"],
    ["a vector length", [{ entry: 4 }, { element: -1 }], 0x7fffffff, "tflite.truncated"],
    ["a vtable offset", [{ entry: 4 }, { element: 1 }, { element: -1 }], 0x12345, "tflite.malformed"],
    ["a far offset", [{ entry: 4 }, { element: 1 }], 0xfffffff0, "tflite.truncated"],
  ])("refuses a bad value in %s", (_name, steps, value, code) => {
    const bytes = files[0]!.slice();
    const view = new DataView(bytes.buffer);
    view.setInt32(positionOf(bytes, steps), value, true);
    expect(outcome(bytes)).toBe(code);
  });

  it("bounds the memory of a small file whose parts are referred to over and over", () => {
    const operators = Array.from({ length: 4000 }, () => ({}));
    const inputs = new Array<number>(4000).fill(0);
    const bytes = writeTflite({ ...example, subgraphs: [{ ...subgraphs[0], operators: [{ inputs }, ...operators] }] });
    pointAllToFirst(bytes, positionOf(bytes, [{ entry: 2 }, { element: 0 }, { entry: 3 }, { element: 0 }]), 4001);
    expect(outcome(bytes)).toBe("tflite.malformed");
  });

  it("bounds the bytes seen through buffers that share their data", () => {
    const data = new Uint8Array(1_000_000);
    const bytes = writeTflite({
      ...example,
      buffers: [{ data: data.subarray(0, 0) }, { data }, ...Array(998).fill({ data: data.subarray(0, 1) })],
    });
    pointAllToFirst(bytes, positionOf(bytes, [{ entry: 4 }, { element: 1 }]), 999);
    expect(outcome(bytes)).toBe("tflite.malformed");
  });

  it("reads from any alignment", () => {
    const shifted = new Uint8Array(files[2]!.length + 1);
    shifted.set(files[2]!, 1);
    expect(readTflite(shifted.subarray(1))).toEqual(readTflite(files[2]!));
  });
});

function pointAllToFirst(bytes: Uint8Array, at: number, count: number): void {
  const view = new DataView(bytes.buffer);
  const target = at + view.getUint32(at, true);
  for (let i = 1; i < count; i++) view.setUint32(at + 4 * i, target - (at + 4 * i), true);
}
