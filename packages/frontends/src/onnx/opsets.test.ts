import { describe, expect, it } from "vitest";
import { diagnosticsOf, float, input, int, ints, node, run } from "./model.testing.ts";
import { opsetRows } from "./opsets.testing.ts";

describe("an operator means what it meant at the model's opset", () => {
  it.each(opsetRows)(
    "$line at opsets $opsets",
    ({ line, attributes = [], constants = [], opsets, shape, x, gives, as }) => {
      for (const opset of opsets) {
        const parts = {
          inputs: [input("x", shape)],
          initializers: constants,
          nodes: [node(line, ...attributes)],
          outputs: ["y"],
          opset,
        };
        const result = run(parts, x);
        expect(result.values, `opset ${opset}`).toEqual(gives.map((number) => expect.closeTo(number, 5)));
        if (as) expect(result.shape, `opset ${opset}`).toEqual(as);
      }
    },
  );

  it.each([
    ["Squeeze x -> y", ints("axes", 0), 13],
    ["ReduceSum x -> y", ints("axes", 0), 13],
    ["ReduceMax x -> y", ints("axes", 0), 18],
    ["Clip x -> y", float("min", 0), 11],
    ["Pad x -> y", ints("pads", 1, 0), 11],
    ["TopK x -> y i", int("k", 1), 10],
  ] as const)("refuses the attribute of %s that became an input", (line, attribute, opset) => {
    const parts = { inputs: [input("x", [1])], nodes: [node(line, attribute)], outputs: ["y"] };
    expect(diagnosticsOf({ ...parts, opset: opset - 1 }).filter(({ severity }) => severity === "error")).toEqual([]);
    expect(diagnosticsOf({ ...parts, opset }).filter(({ severity }) => severity === "error")).not.toEqual([]);
  });
});
