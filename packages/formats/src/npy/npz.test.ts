import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { type Zippable, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { codeOf } from "../onnx/test-support.ts";
import { type NpyArray, readNpz, writeNpz } from "./index.ts";
import { writeNpy } from "./npy.ts";

const shared = new URL("../../../../../shared/assets/onnx_models/", import.meta.url);
const x: NpyArray = { dtype: "f32", shape: [2], data: Float32Array.of(1, 2) };
const y: NpyArray = { dtype: "i64", shape: [], data: BigInt64Array.of(-3n) };

function zip(members: Zippable): Uint8Array {
  return zipSync(members, { level: 9 });
}

/** Sets the 32-bit field at `offset` of the first directory entry. */
function patchDirectory(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const patched = bytes.slice();
  const view = new DataView(patched.buffer);
  view.setUint32(view.getUint32(patched.length - 22 + 16, true) + offset, value, true);
  return patched;
}

describe("npz", () => {
  test("reading what was written gives the arrays again, in order", () => {
    const arrays = new Map([
      ["y", y],
      ["x", x],
    ]);
    const read = readNpz(writeNpz(arrays));
    expect([...read]).toEqual([...arrays]);
    expect(writeNpz(arrays)).toEqual(writeNpz(arrays));
  });

  test("compressed members are read, whatever their names", () => {
    const read = readNpz(zip({ "a/x.npy": writeNpy(x), "__proto__.npy": writeNpy(y), folder: {} }));
    expect(read.get("a/x")).toEqual(x);
    expect(read.get("__proto__")).toEqual(y);
    expect(read.size).toBe(2);
  });

  test("declared sizes are checked before anything is unpacked", () => {
    const bytes = zip({ "x.npy": writeNpy(x) });
    const size = 20;
    const originalSize = 24;
    expect(codeOf(() => readNpz(bytes, { maximumBytes: 100 }))).toBe("zip.too-large");
    expect(codeOf(() => readNpz(patchDirectory(bytes, originalSize, 0xfffffff0)))).toBe("zip.malformed");
    expect(codeOf(() => readNpz(patchDirectory(bytes, originalSize, 0x70000000)))).toBe("zip.malformed");
    expect(codeOf(() => readNpz(patchDirectory(bytes, size, 0x10000000)))).toBe("zip.malformed");
    expect(codeOf(() => readNpz(patchDirectory(bytes, originalSize, 100)))).toBe("zip.malformed");
  });

  test("two members of one name are refused", () => {
    const bytes = zip({ "x.npy": writeNpy(x), "z.npy": writeNpy(x) });
    const renamed = bytes.map((byte) => (byte === "z".charCodeAt(0) ? "x".charCodeAt(0) : byte));
    expect(codeOf(() => readNpz(renamed))).toBe("zip.duplicate");
  });

  test("an error names its member", () => {
    const bytes = zip({ "x.npy": new TextEncoder().encode("text") });
    expect(() => readNpz(bytes)).toThrow(expect.objectContaining({ code: "npy.not-npy", where: "x.npy" }));
    expect(codeOf(() => readNpz(new Uint8Array(0)))).toBe("zip.not-zip");
    expect(codeOf(() => readNpz(new TextEncoder().encode("text")))).toBe("zip.not-zip");
  });

  test("a file cut anywhere or with any byte changed is read or refused", () => {
    const bytes = zip({ "x.npy": writeNpy(x), "y.npy": writeNpy(y) });
    for (let length = 0; length < bytes.length; length++)
      expect(codeOf(() => readNpz(bytes.slice(0, length)))).not.toBe("none");
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = bytes.slice();
        changed[at]! ^= change;
        codeOf(() => readNpz(changed));
      }),
      { numRuns: 500 },
    );
  });
});

describe.skipIf(!existsSync(shared))("npz files of numpy (absent: shared assets)", () => {
  test("members have their names, types and shapes", () => {
    const read = readNpz(readFileSync(new URL("byte_sb_bidi_lstm.io.npz", shared)));
    expect([...read].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
      ["input", "u8", [2, 58]],
      ["Add_26", "f32", [2, 58, 2]],
    ]);
  });

  test("pickled objects are refused", () => {
    const bytes = readFileSync(new URL("basic_pitch_vocadito_10_model_output.npz", shared));
    expect(codeOf(() => readNpz(bytes))).toBe("npy.dtype");
  });
});
