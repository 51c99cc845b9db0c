import { describe, expect, test } from "vitest";
import { type ExternalData, resolveLocation } from "./external-data.ts";
import type { OnnxTensor } from "./model.ts";
import { decodeTensor } from "./tensor.ts";
import { codeOf } from "./test-support.ts";

const file = Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4);
const folder: ExternalData = { read: (location) => (location === "data/w.bin" ? file : undefined) };

function stored(entries: Record<string, string>): OnnxTensor {
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  return { name: "w", dims: [4], dataType: 3, dataLocation: 1, externalData };
}

describe("external data", () => {
  test("is a view of the file", () => {
    const { data } = decodeTensor(stored({ location: "./data/w.bin", offset: "4", length: "4" }), folder);
    expect(data).toEqual(Int8Array.of(1, 2, 3, 4));
    expect((data as Int8Array).buffer).toBe(file.buffer);
  });

  test("without a length, or without an offset, is as long as the tensor", () => {
    expect(decodeTensor(stored({ location: "data/w.bin", offset: "2" }), folder).data).toEqual(
      Int8Array.of(0, 0, 1, 2),
    );
    expect(decodeTensor(stored({ location: "data/w.bin" }), folder).data).toEqual(new Int8Array(4));
  });

  test.each([
    "",
    ".",
    "/etc/passwd",
    "..",
    "../w.bin",
    "data/../../w.bin",
    "data/.. /w.bin",
    "data//w.bin",
    "data/",
    "..\\w.bin",
    "data\\w.bin",
    "C:w.bin",
    "c:/w.bin",
    "w.bin\0.txt",
  ])("the location %j is refused", (location) => {
    expect(codeOf(() => decodeTensor(stored({ location }), { read: () => file }))).toBe("onnx.external-data-escape");
  });

  test("ordinary names are not", () => {
    expect(resolveLocation("./weights/..layer.1..bin", "w")).toBe("weights/..layer.1..bin");
  });

  test.each([
    { offset: "5" },
    { offset: "9" },
    { offset: "-1" },
    { offset: "1e3" },
    { offset: "18446744073709551612" },
    { length: "5" },
    { length: "18446744073709551615" },
    { offset: "4", length: "" },
  ] as Record<string, string>[])("%j is refused", (range) => {
    const tensor = stored({ location: "data/w.bin", ...range });
    expect(codeOf(() => decodeTensor(tensor, folder))).toBe("onnx.external-data-range");
  });

  test("a missing file is named, with the tensor", () => {
    const read = () => decodeTensor(stored({ location: "other.bin" }), folder);
    expect(read).toThrow(expect.objectContaining({ code: "onnx.external-data-missing", where: "w" }));
    expect(read).toThrow(/other\.bin/);
    expect(codeOf(() => decodeTensor(stored({ location: "data/w.bin" })))).toBe("onnx.external-data-missing");
  });
});
