import { builtinOperators } from "@millrace/formats/tflite";
import { expect, test } from "vitest";
import { importers } from "./operators.ts";
import { refusalOf } from "./refusals.ts";

test("every builtin operator is imported, or has a reason of its own why not", () => {
  const silent = Object.keys(builtinOperators).filter(
    (name) => name !== "CUSTOM" && !Object.hasOwn(importers, name) && refusalOf(name).why === "it has no counterpart",
  );
  expect(silent).toEqual([]);
});

test.each([
  ["CUSTOM ethos-u", "Ethos-U"],
  ["CUSTOM FlexAddV2", "TensorFlow's own"],
  ["CUSTOM DISPATCH_OP", "NPU"],
  ["CUSTOM Mine", "custom operator"],
  ["STABLEHLO_ADD", "StableHLO"],
  ["999", "the format does not know it"],
])("%s is refused for a reason of its own", (name, part) => {
  expect(refusalOf(name).why).toContain(part);
});
