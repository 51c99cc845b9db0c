import { describe, expect, it } from "vitest";
import { example } from "./example.testing.ts";
import { readPtd, readPte, writePtd, writePte, writePteParts } from "./index.ts";

const field = (bytes: Uint8Array, at: number): number => Number(new DataView(bytes.buffer).getBigUint64(at, true));

describe("writing programs", () => {
  it("keeps everything, with delegates in segments or inline", () => {
    for (const delegates of ["segments", "inline"] as const) {
      const program = readPte(writePte(example, { delegates }));
      expect(program).toMatchObject(example);
      expect(readPte(writePte(program, { delegates }))).toEqual(program);
    }
  });

  it("tells in its header where program and segments end", () => {
    const bytes = writePte(example);
    const [programSize, segmentBase, segmentBytes] = [16, 24, 32].map((at) => field(bytes, at));
    expect(new TextDecoder().decode(bytes.subarray(4, 12))).toBe("ET12eh00");
    expect(new DataView(bytes.buffer).getUint32(12, true)).toBe(32);
    expect(segmentBase! % 128).toBe(0);
    expect(segmentBase! - programSize!).toBeLessThan(128);
    expect(segmentBase! + segmentBytes!).toBe(bytes.length);
  });

  it("puts segments in ExecuTorch's order at multiples of 128, and constants in theirs of 16", () => {
    const bytes = writePte(example);
    const base = field(bytes, 24);
    const program = readPte(bytes);
    const places = [
      program.constants[1]!,
      program.constants[2]!,
      program.mutableData[0]![1]!,
      program.methods[0]!.delegates[0]!.processed,
      program.namedData[0]!.data,
    ].map(({ byteOffset }) => byteOffset - base);
    expect(places).toEqual([0, 16, 128, 256, 384]);
  });

  it("has no header without data, and the list of constants begins with none", () => {
    const bytes = writePte({ methods: [{ name: "forward", values: [], chains: [] }] });
    expect(new TextDecoder().decode(bytes.subarray(8, 12))).not.toBe("eh00");
    expect(readPte(bytes).constants).toEqual([new Uint8Array(0)]);
  });

  it("gives parameters that all are empty a segment that is not, which ExecuTorch's runtime takes for none", () => {
    const empty = { kind: "Tensor", scalarType: "FLOAT", sizes: [0], dimOrder: [0], dataBufferIdx: 1 } as const;
    const constants = [new Uint8Array(0), new Uint8Array(0)];
    const bytes = writePte({ methods: [{ name: "forward", values: [empty], chains: [] }], constants });
    expect(field(bytes, 32)).toBeGreaterThan(0);
    expect(readPte(bytes).constants).toEqual(constants);
  });

  it("keeps data of no bytes inside their segment and the file, behind data whose end is not aligned too", () => {
    const tensor = { kind: "Tensor", scalarType: "BYTE", dimOrder: [0] } as const;
    const values = [
      { ...tensor, sizes: [3], dataBufferIdx: 1 },
      { ...tensor, sizes: [0], dataBufferIdx: 2 },
    ];
    const constants = [new Uint8Array(0), new Uint8Array([1, 2, 3]), new Uint8Array(0)];
    const namedData = [{ key: "none", data: new Uint8Array(0) }];
    const again = readPte(writePte({ methods: [{ name: "forward", values, chains: [] }], constants, namedData }));
    expect(again.constants).toEqual(constants);
    expect(again.namedData.map(({ data }) => data)).toEqual([new Uint8Array(0)]);
  });

  it("stores the same view once and copies none of them", () => {
    const shared = new Uint8Array(1000);
    const constants = [new Uint8Array(0), shared, shared, shared.slice()];
    const namedData = ["a", "b"].map((key) => ({ key, data: shared }));
    const parts = writePteParts({ ...example, constants, namedData });
    expect(parts.filter((part) => part === shared).length).toBe(2);
    const again = readPte(writePte({ ...example, constants, namedData }));
    expect(again.constants[1]!.byteOffset).toBe(again.constants[2]!.byteOffset);
    expect(again.constants[1]!.byteOffset).not.toBe(again.constants[3]!.byteOffset);
    expect(again.namedData[0]!.data.byteOffset).toBe(again.namedData[1]!.data.byteOffset);
  });

  it("wants the first entry of each list to be empty", () => {
    const full = [Uint8Array.of(1), Uint8Array.of(2, 3, 4, 5, 6, 7, 8, 9)];
    for (const lists of [{ constants: full }, { mutableData: [full] }]) {
      expect(() => writePte({ ...example, ...lists })).toThrow(expect.objectContaining({ code: "pte.first-constant" }));
    }
  });

  it("refuses an operator, a jump and a delegate that are not there", () => {
    for (const step of [
      { kind: "KernelCall", opIndex: 1 },
      { kind: "JumpFalseCall", condValueIndex: 7, destinationInstruction: 2 },
      { kind: "DelegateCall", delegateIndex: -1 },
    ] as const) {
      const methods = [{ ...example.methods[0]!, chains: [{ instructions: [step] }] }];
      expect(() => writePte({ ...example, methods })).toThrow(
        expect.objectContaining({ code: "pte.index-out-of-range", where: expect.stringContaining("instructions[0]") }),
      );
    }
  });
});

describe("writing data files", () => {
  it("keeps names, layouts and data, aligned", () => {
    const layout = { scalarType: "HALF", sizes: [3, 1], dimOrder: [1, 0] } as const;
    const entries = [
      { key: "a", layout, data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
      { key: "b", data: Uint8Array.of(7) },
    ];
    const bytes = writePtd({ entries });
    const file = readPtd(bytes);
    expect(file).toEqual({ version: 0, entries });
    for (const { data } of file.entries) expect(data.byteOffset % 16).toBe(0);
    expect(field(bytes, 16) + field(bytes, 24)).toBeLessThanOrEqual(field(bytes, 32));
    expect(field(bytes, 32) + field(bytes, 40)).toBe(bytes.length);
  });

  it("refuses data shorter than their layout", () => {
    const layout = { scalarType: "FLOAT", sizes: [2], dimOrder: [0] } as const;
    const entries = [{ key: "a", layout, data: new Uint8Array(7) }];
    expect(() => writePtd({ entries })).toThrow(expect.objectContaining({ code: "ptd.malformed" }));
  });
});
