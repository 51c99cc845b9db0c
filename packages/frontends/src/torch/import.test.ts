import { fromNumbers, verify } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { importTorch } from "./import.ts";
import { f32, i64, problemsOf, program, run, t } from "./program.testing.ts";

const stack = (path: string, type: string) => ({ key: `L__${path}`, path, type });
const inModule = {
  moduleStack: [stack("", "user.Net"), stack("features.0", "torch.nn.modules.container.Sequential")],
  stackTrace: `  File "/home/me/net.py", line 14, in forward\n    x = self.features[0](x)\n  File "/usr/lib/python3/dist-packages/torch/nn/modules/container.py", line 250, in forward\n    input = module(input)`,
};

describe("importing a program", () => {
  it("names nodes by the modules they are in and values by the program", () => {
    const { graph } = importTorch(
      program({
        inputs: { x: [2, 3] },
        nodes: [["relu", "aten.relu.default", { self: t("x") }, inModule]],
        outputs: ["relu"],
      }),
    );
    const [node] = graph.nodes();
    expect(node.name).toBe("Net/Sequential_0/relu");
    expect(node.origin).toEqual(["Net/Sequential_0/relu"]);
    expect(graph.outputs[0].name).toBe("relu");
    expect(verify(graph)).toEqual([]);
  });

  it("tells of all operators without a way in, with the module and the line of the user's own source", () => {
    const problems = problemsOf(
      program({
        inputs: { x: [2, 3] },
        nodes: [
          ["a", "aten.digamma.default", { self: t("x") }, inModule],
          ["b", "mylib.rotate.default", { self: t("a") }],
          ["c", "aten.rand_like.default", { self: t("b") }],
        ],
        outputs: ["c"],
      }),
    );
    expect(problems.map(({ code }) => code)).toEqual(new Array(3).fill("torch.unknown-operator"));
    expect(problems[0].message).toContain('digamma "a" in features.0 (net.py:14: x = self.features[0](x))');
    expect(problems[0].at?.node).toBe("Net/Sequential_0/a");
    expect(problems[2].message).toContain("random");
  });

  it("makes one constant of tied weights", () => {
    const weight = f32([3, 3], [1, 0, 0, 0, 2, 0, 0, 0, 3]);
    const model = program({
      inputs: { x: [1, 3] },
      parameters: { encoder: weight, decoder: weight },
      nodes: [
        ["a", "aten.linear.default", { input: t("x"), weight: t("encoder") }],
        ["b", "aten.linear.default", { input: t("a"), weight: t("decoder") }],
      ],
      outputs: ["b"],
    });
    const tied = model.stateDict.get("encoder")!;
    const { graph } = importTorch({
      ...model,
      stateDict: new Map([
        ["encoder", tied],
        ["decoder", tied],
      ]),
    });
    expect(new Set([...graph.nodes()].map(({ inputs }) => inputs[1])).size).toBe(1);
  });

  it("keeps a size open, and binds it to what is given", () => {
    const model = program({
      inputs: { x: ["s0", 4] },
      symbols: { twice: { expression: { function: "Mul", operands: [2, { symbol: "s0" }] } } },
      nodes: [
        ["twice", "_operator.mul", {}],
        ["y", "aten.view.default", { self: t("x"), size: ["twice", 2] }],
      ],
      outputs: ["y"],
    });
    expect(importTorch(model).graph.outputs[0].type.shape).toEqual(["2*s0", 2]);
    expect(importTorch(model, { dimensions: new Map([["s0", 3]]) }).graph.outputs[0].type.shape).toEqual([6, 2]);
    expect(importTorch(model, { shapes: new Map([["x", [5, 4]]]) }).graph.outputs[0].type.shape).toEqual([10, 2]);
    expect(problemsOf(model, { shapes: new Map([["x", [5, 5]]]) })[0].code).toBe("torch.unknown-shape");
    const { diagnostics } = importTorch(model, { dimensions: new Map([["s0", 100]]) });
    expect(diagnostics.map(({ code }) => code)).toEqual(["torch.size-out-of-range"]);
  });
});

describe("what only data decides", () => {
  it("gives sizes of its own where there is an operator for it", () => {
    const model = program({
      inputs: { x: [4] },
      nodes: [["places", "aten.nonzero.default", { self: t("x") }]],
      outputs: ["places"],
    });
    expect(run(model, [f32([4], [0, 3, 0, 5])])).toEqual([[1, 3]]);
  });

  it("is refused where a shape depends on a number in a tensor", () => {
    const problems = problemsOf(
      program({
        inputs: { x: [4], n: [] },
        types: { n: "int64" },
        symbols: { item: { expression: { symbol: "u0" } } },
        nodes: [["y", "aten.slice.Tensor", { self: t("x"), dim: 0, start: 0, end: { kind: "int", value: "item" } }]],
        outputs: ["y"],
      }),
    );
    expect(problems.map(({ code }) => code)).toEqual(["torch.data-dependent-size"]);
  });
});

describe("a quantized program", () => {
  const range = { quant_min: -128, quant_max: 127, dtype: { kind: "scalarType", value: "int8" } } as const;

  it("computes with the integers and scales of its nodes", () => {
    const model = program({
      inputs: { x: [2] },
      nodes: [
        [
          "q",
          "quantized_decomposed.quantize_per_tensor.default",
          { input: t("x"), scale: 0.5, zero_point: 3, ...range },
        ],
        [
          "y",
          "quantized_decomposed.dequantize_per_tensor.default",
          { input: t("q"), scale: 0.5, zero_point: 3, ...range },
        ],
      ],
      outputs: ["y"],
    });
    expect(run(model, [f32([2], [1.2, 1000])])).toEqual([[1, 62]]);
  });

  it("has weights with a scale for each channel", () => {
    const model = program({
      inputs: { x: [1, 2] },
      parameters: {
        w: fromNumbers("i8", [2, 2], [1, 2, 3, 4]),
        scales: f32([2], [0.5, 2]),
        zeros: i64([2], [0, 0]),
      },
      nodes: [
        [
          "real",
          "quantized_decomposed.dequantize_per_channel.default",
          { input: t("w"), scales: t("scales"), zero_points: t("zeros"), axis: 0, ...range },
        ],
        ["y", "aten.linear.default", { input: t("x"), weight: t("real") }],
      ],
      outputs: ["y"],
    });
    const { graph } = importTorch(model);
    expect([...graph.nodes()].map(({ op }) => op.name)).toEqual(["dequantize", "linear"]);
    expect(run(model, [f32([1, 2], [1, 1])])).toEqual([[1.5, 14]]);
  });

  it("has weights that are quantized in it, and turned in core ATen", () => {
    const steps = { scales: t("scales"), zero_points: t("zeros"), axis: 0, ...range };
    const model = program({
      inputs: { x: [1, 2] },
      parameters: {
        w: f32([2, 2], [0.5, 1.1, 6, 8]),
        b: f32([2], [0, 1]),
        scales: f32([2], [0.5, 2]),
        zeros: i64([2], [0, 0]),
      },
      nodes: [
        ["q", "quantized_decomposed.quantize_per_channel.default", { input: t("w"), ...steps }],
        ["real", "quantized_decomposed.dequantize_per_channel.default", { input: t("q"), ...steps }],
        ["turned", "aten.permute.default", { self: t("real"), dims: [1, 0] }],
        ["y", "aten.addmm.default", { self: t("b"), mat1: t("x"), mat2: t("turned") }],
      ],
      outputs: ["y"],
    });
    const { graph } = importTorch(model);
    expect([...graph.nodes()].map(({ op }) => op.name)).toEqual(["dequantize", "linear"]);
    expect(run(model, [f32([1, 2], [1, 1])])).toEqual([[1.5, 15]]);
  });
});
