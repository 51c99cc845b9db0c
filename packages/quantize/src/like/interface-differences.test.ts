import { parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { expect, test } from "vitest";
import { interfaceDifferences } from "./interface-differences.ts";

const graph = (input: string, output: string) =>
  parseGraph(
    `graph model
input x: i8[1,2]<scale=[${input}], zeroPoint=[3]>
y: i8[1,2]<scale=[${output}], zeroPoint=[-128]> = softmax(x) {axis=1, beta=1}
output y
`,
    operators,
  );

test("graphs with the same inputs and outputs do not differ", () => {
  expect(interfaceDifferences(graph("0.5", "0.00390625"), graph("0.5", "0.00390625"))).toEqual([]);
});

test("inputs and outputs that stand for other numbers are told with both types", () => {
  const found = interfaceDifferences(graph("0.5", "0.00390625"), graph("0.25", "0.0078125"));
  expect(found.map(({ code }) => code)).toEqual(["like.interface-differs", "like.interface-differs"]);
  expect(found[0].message).toMatch(
    /^input x is i8\[1,2\]<scale=\[0\.5\].*, and input 0 of the given model is .*scale=\[0\.25\]/,
  );
  expect(found[1].message).toMatch(/^output y is .*0\.00390625.*0\.0078125/);
});
