import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf } from "../../onnx/test-support.ts";
import { JsonField } from "./json-field.ts";
import { type Json, parseJson } from "./parse-json.ts";

const parse = (text: string): Json => parseJson(new TextEncoder().encode(text), "model.json");

/** The same value with objects instead of maps, and all integers as numbers. */
function plain(value: Json): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

describe("JSON", () => {
  test("is what JSON.parse gives", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(plain(parse(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test("keeps integers of 64 bits, and numbers that are not finite", () => {
    expect(parse("[9223372036854775807, -9223372036854775808, 9007199254740991, 1e3, -0]")).toEqual([
      2n ** 63n - 1n,
      -(2n ** 63n),
      9007199254740991,
      1000,
      -0,
    ]);
    expect(parse("[NaN, Infinity, -Infinity]")).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    expect(parse(`[${"9".repeat(1000)}]`)).toEqual([Number.POSITIVE_INFINITY]);
  });

  test("keys mean nothing", () => {
    expect(parse('{"__proto__": 1, "constructor": {}}')).toEqual(
      new Map<string, Json>([
        ["__proto__", 1],
        ["constructor", new Map()],
      ]),
    );
  });

  test.each([
    "",
    "{",
    "[1,]",
    "[1 2]",
    '{"a" 1}',
    "{1: 2}",
    '"a',
    '"a\\',
    '"\\x"',
    '"\n"',
    "01",
    "nul",
    "1 2",
    "-",
    "[1}",
  ])("that is none is refused: %j", (text) => {
    expect(codeOf(() => parse(text))).toBe("pt2.malformed");
  });

  test("is bounded in depth", () => {
    expect(codeOf(() => parse("[".repeat(100_000)))).toBe("pt2.malformed");
    expect(codeOf(() => parse('{"a":'.repeat(100_000)))).toBe("pt2.malformed");
    expect(codeOf(() => parse("[".repeat(200) + "]".repeat(200)))).toBe("none");
  });

  test("of any bytes is read or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        codeOf(() => parseJson(bytes, "model.json"));
      }),
    );
  });
});

describe("a field", () => {
  const root = new JsonField(
    parse('{"graph": {"nodes": [{"name": 3}, {}]}, "scale": "-Infinity", "nothing": null}'),
    "m.json",
  );

  test("that is wrong or missing is told by its place", () => {
    const nodes = () =>
      root
        .at("graph")
        .at("nodes")
        .list((node) => node.at("name").string());
    expect(nodes).toThrow("m.json: graph.nodes[0].name is no text.");
    expect(() => root.at("graph").at("inputs").list(String)).toThrow("m.json: graph.inputs is missing.");
  });

  test("may hold a number as text, or nothing", () => {
    expect(root.at("scale").float()).toBe(Number.NEGATIVE_INFINITY);
    expect(root.at("nothing").optional(String)).toBeUndefined();
    expect(root.entries().map(([name]) => name)).toEqual(["graph", "scale"]);
  });
});
