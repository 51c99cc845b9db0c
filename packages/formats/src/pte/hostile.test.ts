import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { FormatError } from "../error.ts";
import { positionOf } from "../flatbuffer/position.testing.ts";
import { random } from "../flatbuffer/random.testing.ts";
import { example } from "./example.testing.ts";
import { type PteValueDraft, readPtd, readPte, writePtd, writePte } from "./index.ts";

const program = writePte(example);
const inline = writePte({
  ...example,
  constants: undefined,
  mutableData: undefined,
  namedData: undefined,
  methods: [],
});
const data = writePtd({
  entries: [
    { key: "a", layout: { scalarType: "SHORT", sizes: [2, 1], dimOrder: [1, 0] }, data: Uint8Array.of(1, 2, 3, 4) },
    { key: "b", data: Uint8Array.of(5) },
  ],
});

const codes = ["truncated", "malformed", "index-out-of-range", "unknown-value"];

/** Reads; gives the code of a proper refusal, or "read" for what is the same after being written and read again. */
function outcome<T>(bytes: Uint8Array, read: (bytes: Uint8Array) => T, write: (file: T) => Uint8Array): string {
  try {
    const file = read(bytes);
    return isDeepStrictEqual(read(write(file)), file) ? "read" : "changed by writing";
  } catch (error) {
    if (error instanceof FormatError && /^(pte|ptd)\./.test(error.code)) return error.code.slice(4);
    throw error;
  }
}

const programOutcome = (bytes: Uint8Array): string => outcome(bytes, readPte, writePte);
const dataOutcome = (bytes: Uint8Array): string => outcome(bytes, readPtd, writePtd);

/** A file with another 64-bit number at `at`. */
function withNumber(bytes: Uint8Array, at: number, value: bigint): Uint8Array {
  const changed = bytes.slice();
  new DataView(changed.buffer).setBigUint64(at, value, true);
  return changed;
}

describe("hostile programs", () => {
  it("refuses every truncation", () => {
    for (const [bytes, read] of [
      [program, programOutcome],
      [inline, programOutcome],
      [data, dataOutcome],
    ] as const) {
      for (let length = 0; length < bytes.length; length++) {
        expect(read(bytes.subarray(0, length)), `first ${length} of ${bytes.length} bytes`).toBe("truncated");
      }
    }
  });

  it.each([
    ["program", program, programOutcome],
    ["data file", data, dataOutcome],
  ] as const)("reads or refuses a %s with random bytes changed", (_name, bytes, read) => {
    const below = random(5);
    const seen = new Set<string>();
    for (let i = 0; i < 4000; i++) {
      const damaged = bytes.slice();
      for (let flips = 1 + below(3); flips > 0; flips--) {
        damaged[below(damaged.length)] = below(3) === 0 ? below(256) : [0, 1, 127, 255][below(4)]!;
      }
      seen.add(read(damaged));
    }
    expect([...seen].filter((result) => !["read", "not-pte", "not-ptd", ...codes].includes(result))).toEqual([]);
    expect(seen.size).toBeGreaterThan(3);
  });

  it.each([
    ["a program that ends behind the file", 16, 2n ** 40n, "truncated"],
    ["segments behind the file", 24, 2n ** 63n, "truncated"],
    ["segments that overlap the program", 24, 16n, "malformed"],
    ["more bytes of segments than there are", 32, 2n ** 64n - 1n, "truncated"],
    ["a program of no bytes", 16, 0n, "truncated"],
  ])("refuses %s", (_name, at, value, code) => {
    expect(programOutcome(withNumber(program, at, value))).toBe(code);
  });

  it.each([
    ["a segment that wraps around 64 bits", 2n ** 64n - 64n],
    ["a segment past the end", 2n ** 20n],
  ])("refuses %s", (_name, offset) => {
    const at = positionOf(program, [{ entry: 4 }, { element: 1 }, { entry: 0 }]);
    expect(programOutcome(withNumber(program, at, offset))).toBe("malformed");
  });

  it("refuses a header that is too short", () => {
    const bytes = program.slice();
    bytes[12] = 8;
    expect(programOutcome(bytes)).toBe("malformed");
  });

  it.each([
    ["value", [{ entry: 2 }, { element: 14 }, { entry: 0 }]],
    ["instruction", [{ entry: 5 }, { element: 0 }, { entry: 2 }, { element: 4 }, { entry: 0 }]],
  ])("warns of a newer kind of %s, and refuses it", (_name, steps) => {
    const bytes = program.slice();
    bytes[positionOf(bytes, [{ entry: 1 }, { element: 0 }, ...steps])] = 99;
    const warnings: string[] = [];
    const read = () => readPte(bytes, { warn: ({ code }) => warnings.push(code) });
    expect(read).toThrow(expect.objectContaining({ code: "pte.unknown-value" }));
    expect(warnings).toEqual(["pte.unknown-union-member"]);
  });

  it.each<[string, PteValueDraft[], string]>([
    ["a list of values that are not there", [{ kind: "TensorList", items: [1] }], "index-out-of-range"],
    ["a list of integers that are not there", [{ kind: "IntList", items: [2n ** 62n] }], "index-out-of-range"],
    ["a negative size", [{ kind: "Tensor", sizes: [-1], dimOrder: [0] }], "malformed"],
    ["a repeated dimension", [{ kind: "Tensor", sizes: [1, 1], dimOrder: [0, 0] }], "malformed"],
    ["a missing order of dimensions", [{ kind: "Tensor", sizes: [1, 1] }], "malformed"],
    ["a constant that is not there", [{ kind: "Tensor", dataBufferIdx: 7 }], "index-out-of-range"],
    [
      "first states that are not there",
      [{ kind: "Tensor", dataBufferIdx: 1, allocationInfo: {}, extraTensorInfo: { mutableDataSegmentsIdx: 9n } }],
      "index-out-of-range",
    ],
    [
      "a tensor longer than its constant",
      [{ kind: "Tensor", sizes: [2 ** 30, 2 ** 30, 2 ** 30], dimOrder: [0, 1, 2], dataBufferIdx: 1 }],
      "malformed",
    ],
  ])("does not write %s", (_name, values, code) => {
    const draft = { ...example, methods: [{ name: "forward", values, chains: [] }] };
    expect(() => writePte(draft)).toThrow(expect.objectContaining({ code: `pte.${code}` }));
  });

  it("bounds the bytes seen through constants that share their segment", () => {
    const constant = new Uint8Array(400_000);
    const values: PteValueDraft[] = Array.from({ length: 2000 }, (_, i) => ({
      kind: "Tensor",
      sizes: [constant.length],
      dimOrder: [0],
      dataBufferIdx: i + 1,
    }));
    const constants = [new Uint8Array(0), ...values.map(() => constant)];
    const bytes = writePte({ methods: [{ name: "forward", values, chains: [] }], constants });
    expect(bytes.length).toBeLessThan(700_000);
    expect(programOutcome(bytes)).toBe("malformed");
  });
});
