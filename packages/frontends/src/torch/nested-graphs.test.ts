import { describe, expect, it } from "vitest";
import { body, f32, nested, program, run, t } from "./program.testing.ts";

describe("graphs within a program", () => {
  const twice = nested({
    inputs: { a: [2] },
    nodes: [["b", "aten.mul.Tensor", { self: t("a"), other: 2 }]],
    outputs: ["b"],
  });
  const negative = nested({
    inputs: { a: [2] },
    nodes: [["b", "aten.neg.default", { self: t("a") }]],
    outputs: ["b"],
  });

  it("become the bodies of a branch", () => {
    const model = program({
      inputs: { x: [2] },
      nodes: [
        ["sum", "aten.sum.default", { self: t("x") }],
        ["positive", "aten.gt.Scalar", { self: t("sum"), other: 0 }],
        [["y"], "higher_order.cond", { a: t("positive"), b: body(twice), c: body(negative), d: [t("x")] }],
      ],
      outputs: ["y"],
    });
    expect(run(model, [f32([2], [1, 2])])).toEqual([[2, 4]]);
    expect(run(model, [f32([2], [-1, -2])])).toEqual([[1, 2]]);
  });

  it("become the bodies of a loop", () => {
    const isSmall = nested({
      inputs: { a: [2], limit: [] },
      nodes: [
        ["sum", "aten.sum.default", { self: t("a") }],
        ["small", "aten.lt.Tensor", { self: t("sum"), other: t("limit") }],
      ],
      outputs: ["small"],
    });
    const doubled = nested({
      inputs: { a: [2], limit: [] },
      nodes: [["b", "aten.add.Tensor", { self: t("a"), other: t("a") }]],
      outputs: ["b"],
    });
    const model = program({
      inputs: { x: [2], limit: [] },
      nodes: [[["y"], "higher_order.while_loop", { a: body(isSmall), b: body(doubled), c: [t("x")], d: [t("limit")] }]],
      outputs: ["y"],
    });
    expect(run(model, [f32([2], [1, 2]), f32([], [20])])).toEqual([[8, 16]]);
  });

  it("are written out where they only switch gradients off", () => {
    const model = program({
      inputs: { x: [2] },
      nodes: [["y", "higher_order.wrap_with_set_grad_enabled", { a: false, b: body(twice), c: t("x") }]],
      outputs: ["y"],
    });
    expect(run(model, [f32([2], [1, 2])])).toEqual([[2, 4]]);
  });
});
