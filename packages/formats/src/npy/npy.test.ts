import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf } from "../onnx/test-support.ts";
import { type NpyType, npyTypes } from "./array.ts";
import { type NpyArray, readNpy, writeNpy } from "./index.ts";

const shared = new URL("../../../../../shared/", import.meta.url);

/** A .npy file as numpy writes it, with any header text. */
function file(header: string, data: readonly number[], version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = [text.length & 0xff, text.length >> 8, ...(version === 1 ? [] : [0, 0])];
  return Uint8Array.from([0x93, ...new TextEncoder().encode("NUMPY"), version, 0, ...length, ...text, ...data]);
}

const arrays: fc.Arbitrary<NpyArray> = fc
  .tuple(
    fc.constantFrom(...(Object.keys(npyTypes) as NpyType[])),
    fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
    fc.nat(),
  )
  .map(([dtype, shape, seed]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    const bytes = Uint8Array.from({ length: count * 8 }, (_, at) => Math.imul(seed + at, 2654435761) >>> 13);
    return { dtype, shape, data: new npyTypes[dtype].array(bytes.buffer as ArrayBuffer, 0, count) };
  });

describe("npy", () => {
  test("reading what was written gives the array again", () => {
    fc.assert(
      fc.property(arrays, (array) => {
        expect(readNpy(writeNpy(array))).toEqual(array);
      }),
    );
  });

  test("big-endian, column-major data is turned", () => {
    const header = "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }";
    const read = readNpy(file(header, [0, 0, 0, 10, 0, 1, 0, 11, 0, 2, 0xff, 0xff]));
    expect(read).toEqual({ dtype: "i16", shape: [2, 3], data: Int16Array.of(0, 1, 2, 10, 11, -1) });
  });

  test.each([
    [1, "()", [], [7]],
    [2, "(2,)", [2], [7, 8]],
    [3, "(0, 9007199254740991)", [0, 9007199254740991], []],
    [1, "(1L, 2L)", [1, 2], [7, 8]],
  ])("version %i with shape %s", (version, text, shape, data) => {
    const read = readNpy(file(`{'descr': '|u1', 'fortran_order': False, 'shape': ${text}, }`, data, version));
    expect(read).toEqual({ dtype: "u8", shape, data: Uint8Array.from(data) });
  });

  test("aligned data is a view, unaligned data a copy", () => {
    const bytes = writeNpy({ dtype: "f32", shape: [2], data: Float32Array.of(1, 2) });
    expect(readNpy(bytes).data.buffer).toBe(bytes.buffer);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(readNpy(shifted.subarray(1)).data).toEqual(Float32Array.of(1, 2));
  });

  test.each([
    ["npy.not-npy", new Uint8Array(0)],
    ["npy.not-npy", new TextEncoder().encode("a text file")],
    ["npy.malformed", file("{'descr': '<f4', 'fortran_order': False, 'shape': (1 2), }", [])],
    ["npy.malformed", file("{'descr': '<f4', 'fortran_order': False}", [])],
    ["npy.malformed", file("", [], 9)],
    ["npy.dtype", file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", [1])],
    ["npy.dtype", file("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }", [1])],
    ["npy.size", file("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000, 1000000), }", [1])],
    ["npy.size", file("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", [1, 2])],
  ])("%s", (code, bytes) => expect(codeOf(() => readNpy(bytes))).toBe(code));

  test("data of another type or size is not written", () => {
    expect(codeOf(() => writeNpy({ dtype: "f32", shape: [1], data: Float64Array.of(1) }))).toBe("npy.type");
    expect(codeOf(() => writeNpy({ dtype: "f32", shape: [2], data: Float32Array.of(1) }))).toBe("npy.size");
    expect(codeOf(() => writeNpy({ dtype: "u8", shape: [-1, -1], data: Uint8Array.of(1) }))).toBe("npy.malformed");
  });

  test("a file cut anywhere or with any byte changed is read or refused", () => {
    const bytes = writeNpy({ dtype: "i32", shape: [2, 3], data: Int32Array.of(1, 2, 3, 4, 5, 6) });
    for (let length = 0; length < bytes.length; length++)
      expect(codeOf(() => readNpy(bytes.slice(0, length)))).not.toBe("none");
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = bytes.slice();
        changed[at]! ^= change;
        codeOf(() => readNpy(changed));
      }),
    );
  });
});

describe.skipIf(!existsSync(shared))("npy files of numpy (absent: shared fixtures)", () => {
  test("are written back byte for byte", () => {
    const root = new URL("fixtures/", shared);
    const files = (readdirSync(root, { recursive: true }) as string[]).filter((name) => name.endsWith(".npy"));
    expect(files.length).toBeGreaterThan(100);
    const differing = files.filter((name) => {
      const bytes = readFileSync(new URL(name, root));
      return Buffer.compare(writeNpy(readNpy(bytes)), bytes) !== 0;
    });
    expect(differing).toEqual([]);
  });
});
