import { describe, expect, it } from "vitest";
import type { Field, Schema } from "../../flatbuffer/fields.ts";
import { builtinOperators } from "./operators.ts";
import { tables } from "./tables.ts";
import { builtinOptions, builtinOptions2 } from "./unions.ts";

const schema: Schema = tables;

function references(field: Field): readonly string[] {
  if (field.kind === "table") return [field.table];
  if (field.kind === "union") return field.members;
  return field.kind === "vector" ? references(field.element) : [];
}

describe("the schema's tables", () => {
  it("refer only to tables that are there, and each is referred to", () => {
    const referred = new Set(Object.values(schema).flatMap((fields) => Object.values(fields).flatMap(references)));
    expect([...referred, "Model"].sort()).toEqual(Object.keys(schema).sort());
  });

  it("never name a field `kind`, which tells union members apart", () => {
    expect(Object.values(schema).filter((fields) => "kind" in fields)).toEqual([]);
  });

  it("number the union members as the format does", () => {
    const first = [
      "Conv2DOptions",
      "LeakyReluOptions",
      "HardSwishOptions",
      "BatchMatMulOptions",
      "RightShiftOptions",
    ] as const;
    expect(first.map((name) => builtinOptions.indexOf(name) + 1)).toEqual([1, 75, 91, 101, 126]);
    expect([builtinOptions.length, new Set(builtinOptions).size]).toEqual([126, 126]);
    const second = ["StablehloConcatenateOptions", "DilateOptions", "StablehloCaseOptions"] as const;
    expect(second.map((name) => builtinOptions2.indexOf(name) + 1)).toEqual([1, 18, 23]);
  });

  it("number the builtin operators from 0 to 209 without gaps", () => {
    expect(Object.values(builtinOperators)).toEqual(Array.from({ length: 210 }, (_, code) => code));
  });
});
