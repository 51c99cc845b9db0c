import { fromNumbers, verify } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { importTorch } from "./import.ts";
import { body, counting, f32, i64, nested, problemsOf, program, run, t } from "./program.testing.ts";

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

describe("what a program writes", () => {
  it("is seen by everything that reads the tensor later, and not by what has read it before", () => {
    const model = program({
      inputs: { x: [3] },
      nodes: [
        ["before", "aten.mul.Tensor", { self: t("x"), other: 10 }],
        ["written", "aten.add_.Tensor", { self: t("x"), other: 1 }],
        ["after", "aten.mul.Tensor", { self: t("x"), other: 10 }],
      ],
      outputs: ["before", "after", "written"],
    });
    expect(run(model, [f32([3], [1, 2, 3])])).toEqual([
      [10, 20, 30],
      [20, 30, 40],
      [2, 3, 4],
    ]);
  });

  it("goes through views into the tensor, and into its other views", () => {
    const model = program({
      inputs: { x: [2, 3] },
      nodes: [
        ["flat", "aten.view.default", { self: t("x"), size: [6] }],
        ["row", "aten.select.int", { self: t("x"), dim: 0, index: 1 }],
        ["part", "aten.slice.Tensor", { self: t("row"), dim: 0, start: 1, end: 3 }],
        ["filled", "aten.fill_.Scalar", { self: t("part"), value: 9 }],
        ["sum", "aten.add.Tensor", { self: t("flat"), other: 0 }],
      ],
      outputs: ["sum", "x"],
    });
    expect(run(model, [counting(2, 3)])).toEqual([
      [0, 1, 2, 3, 9, 9],
      [0, 1, 2, 3, 9, 9],
    ]);
  });

  it("becomes a state where it is a buffer, with its first contents", () => {
    const model = program({
      inputs: { x: [2] },
      buffers: { total: f32([2], [5, 6]) },
      nodes: [
        ["next", "aten.add.Tensor", { self: t("total"), other: t("x") }],
        ["y", "aten.mul.Tensor", { self: t("next"), other: 2 }],
      ],
      outputs: ["y"],
      mutations: { total: "next" },
    });
    const { graph, inputNames } = importTorch(model);
    expect(inputNames).toEqual(["x"]);
    expect(graph.states).toHaveLength(1);
    expect(Array.from(graph.states[0].initial!.data as Float32Array)).toEqual([5, 6]);
    expect(run(model, [f32([2], [1, 1]), f32([2], [5, 6])])).toEqual([
      [12, 14],
      [6, 7],
    ]);
  });

  it("is followed for buffers of the training dialect too, which writes in place", () => {
    const { graph } = importTorch(
      program({
        inputs: { x: [2] },
        buffers: { count: i64([], [0]) },
        nodes: [
          ["counted", "aten.add_.Tensor", { self: t("count"), other: 1 }],
          ["y", "aten.relu.default", { self: t("x") }],
        ],
        outputs: ["y"],
      }),
    );
    expect(graph.states.map(({ input }) => graph.inputs.some(({ name }) => name === input))).toEqual([true]);
    expect(graph.outputs).toHaveLength(2);
  });
});

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
