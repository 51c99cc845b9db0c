import { describe, expect, test } from "vitest";
import { decodeAttribute, encodeAttribute, type OnnxAttributeValue } from "./attribute.ts";
import { codeOf } from "./test-support.ts";

const tensor = { name: "", dims: [], dataType: 1 };
const contents: Exclude<OnnxAttributeValue, { kind: "REFERENCE" }>[] = [
  { kind: "FLOAT", value: 0.5 },
  { kind: "INT", value: 2n ** 63n - 1n },
  { kind: "STRING", value: "näme" },
  { kind: "TENSOR", value: tensor },
  { kind: "FLOATS", value: [1, 2] },
  { kind: "INTS", value: [] },
  { kind: "STRINGS", value: ["a", ""] },
  { kind: "TENSORS", value: [tensor] },
  { kind: "TYPE_PROTO", value: { tensor: { elementType: 1 } } },
];

describe("attributes", () => {
  test.each(contents)("$kind is decoded as it was encoded", (content) => {
    expect(decodeAttribute(encodeAttribute("a", content))).toEqual(content);
  });

  test("a value that is left out is zero or empty", () => {
    expect(decodeAttribute({ name: "a", type: 2 })).toEqual({ kind: "INT", value: 0 });
    expect(decodeAttribute({ name: "a", type: 7 })).toEqual({ kind: "INTS", value: [] });
    expect(decodeAttribute({ name: "a", type: 3 })).toEqual({ kind: "STRING", value: "" });
  });

  test("without a type the value tells the kind", () => {
    expect(decodeAttribute({ name: "a", type: 0, ints: [1] })).toEqual({ kind: "INTS", value: [1] });
  });

  test("a reference names the caller's attribute", () => {
    expect(decodeAttribute({ name: "a", type: 1, refAttrName: "alpha" })).toEqual({
      kind: "REFERENCE",
      value: "alpha",
    });
  });

  test.each([
    { name: "unknown type", type: 77, int: 1 },
    { name: "neither type nor value", type: 0 },
    { name: "value of another type", type: 2, float: 1 },
    { name: "missing tensor", type: 4 },
    { name: "not UTF-8", type: 3, string: Uint8Array.of(255) },
  ])("$name is refused", (attribute) => expect(codeOf(() => decodeAttribute(attribute))).toBe("onnx.attribute"));
});
