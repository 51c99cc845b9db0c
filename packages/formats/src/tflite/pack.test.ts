import { describe, expect, it } from "vitest";
import {
  metadataBytes,
  minRuntimeVersionBuffer,
  packInt2,
  packInt4,
  readTflite,
  unpackInt2,
  unpackInt4,
  writeTflite,
} from "./index.ts";

describe("packed integers", () => {
  it("puts the first 4-bit value in the low nibble and pads an odd tail", () => {
    expect(packInt4([1, -2, 7])).toEqual(Uint8Array.of(0xe1, 0x07));
    expect(unpackInt4(Uint8Array.of(0xe1, 0x07), 3)).toEqual(Int8Array.of(1, -2, 7));
  });

  it("puts the first 2-bit value in the lowest bits", () => {
    expect(packInt2([1, -1, -2, 0, -1])).toEqual(Uint8Array.of(0b00_10_11_01, 0b11));
    expect(unpackInt2(Uint8Array.of(0b00_10_11_01, 0b11), 5)).toEqual(Int8Array.of(1, -1, -2, 0, -1));
  });

  it("keeps every value", () => {
    const four = Int8Array.from({ length: 161 }, (_, i) => (i % 16) - 8);
    const two = Int8Array.from({ length: 163 }, (_, i) => (i % 4) - 2);
    expect(unpackInt4(packInt4(four), four.length)).toEqual(four);
    expect(unpackInt2(packInt2(two), two.length)).toEqual(two);
  });

  it("refuses values that do not fit and counts past the end", () => {
    expect(() => packInt4([0, 8])).toThrow(expect.objectContaining({ code: "tflite.bad-value", where: "[1]" }));
    expect(() => packInt2([-3])).toThrow(expect.objectContaining({ code: "tflite.bad-value" }));
    expect(() => packInt4([0.5])).toThrow(expect.objectContaining({ code: "tflite.bad-value" }));
    expect(() => unpackInt4(Uint8Array.of(0), 3)).toThrow(expect.objectContaining({ code: "tflite.truncated" }));
  });
});

describe("metadata", () => {
  it("pads the minimum runtime version to 16 bytes and finds it again", () => {
    const data = minRuntimeVersionBuffer("1.14.0");
    expect([...data]).toEqual([..."1.14.0"].map((c) => c.charCodeAt(0)).concat(new Array(10).fill(0)));
    const metadata = [{ name: "min_runtime_version", buffer: 1 }];
    const model = readTflite(writeTflite({ buffers: [{}, { data }], metadata }));
    expect(metadataBytes(model, "min_runtime_version")).toEqual(data);
    expect(metadataBytes(model, "other")).toBeUndefined();
  });

  it.each(["", "1.14.0-rc1", "1.2.3.4.5.6.7.8.90"])("refuses the version %j", (version) => {
    expect(() => minRuntimeVersionBuffer(version)).toThrow(expect.objectContaining({ code: "tflite.bad-value" }));
  });
});
