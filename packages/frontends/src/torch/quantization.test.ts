import { fromNumbers, type Tensor } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { importTorch } from "./import.ts";
import { dtype, f32, i64, type NodeText, problemsOf, program, real, run, t } from "./program.testing.ts";

type Given = NodeText[2];

/** One node whose arguments but the inputs are parameters of the program, unless all are inputs. */
function nodeOf(target: string, tensors: Readonly<Record<string, Tensor>>, others: Given, results: readonly string[]) {
  const types = { f32: "float32", i8: "int8", i64: "int64" } as const;
  const inputs = Object.keys(tensors).filter((name) => ["x", "input", "self", "indices"].includes(name));
  const stored = Object.fromEntries(Object.entries(tensors).filter(([name]) => !inputs.includes(name)));
  const model = program({
    inputs: Object.fromEntries(inputs.map((name) => [name, tensors[name].shape])),
    types: Object.fromEntries(inputs.map((name) => [name, types[tensors[name].dtype as keyof typeof types]])),
    parameters: stored,
    nodes: [
      [results, target, { ...Object.fromEntries(Object.keys(tensors).map((name) => [name, t(name)])), ...others }],
    ],
    outputs: results,
  });
  return { model, feeds: inputs.map((name) => tensors[name]) };
}

const i8 = (shape: readonly number[], values: readonly number[]) => fromNumbers("i8", shape, values);
const x = f32([2, 4], [-1, 0, 3, 2, 0.5, -4, 0.25, 1]);
const w = i8([2, 4], [1, 2, 3, 4, 5, 6, -7, -8]);
const groups = { scale: f32([2, 2], [0.5, 1, 2, 0.25]), zero: i64([2, 2], [0, 1, 0, 0]) };
const bytes = { quant_min: -128, quant_max: 127, dtype: dtype("int8") };
const nibbles = { quant_min: -8, quant_max: 7, dtype: dtype("int8") };
const namespace = "quantized_decomposed";

type Case = readonly [target: string, Readonly<Record<string, Tensor>>, Given, readonly (readonly number[])[]];

/** Operators, and what PyTorch computes; of torchao, what its formulas give. */
const cases: readonly Case[] = [
  [
    `${namespace}.choose_qparams.tensor`,
    { input: x },
    { ...bytes, eps: real(2 ** -12) },
    [[0.027450980618596077], [18]],
  ],
  [
    `${namespace}.choose_qparams_symmetric.tensor`,
    { input: x },
    { ...bytes, quant_min: -127, eps: real(2 ** -12) },
    [[0.031496062874794006], [0]],
  ],
  [
    `${namespace}.choose_qparams_per_token.default`,
    { input: x },
    { dtype: dtype("int8") },
    [[0.0236220472, 0.0314960629], [0]],
  ],
  [
    `${namespace}.choose_qparams_per_token_asymmetric.default`,
    { input: x },
    { dtype: dtype("int8") },
    [
      [0.0156862754, 0.0196078438],
      [-64, 76],
    ],
  ],
  [
    `${namespace}.quantize_per_token.default`,
    { input: x, scales: f32([2, 1], [0.5, 0.25]), zero_points: i64([2, 1], [1, -2]) },
    { quant_min: -4, quant_max: 4, dtype: dtype("int8") },
    [[-1, 1, 4, 4, 0, -4, -1, 2]],
  ],
  [
    `${namespace}.dequantize_per_token.default`,
    { input: i8([2, 2], [-1, 4, -4, 2]), scales: f32([2, 1], [0.5, 0.25]), zero_points: i64([2, 1], [1, -2]) },
    bytes,
    [[-1, 1.5, -0.5, 1]],
  ],
  [
    `${namespace}.dequantize_per_channel_group.default`,
    { input: w, scales: groups.scale, zero_points: groups.zero },
    { ...nibbles, group_size: 2 },
    [[0.5, 1, 2, 3, 10, 12, -1.75, -2]],
  ],
  [
    `${namespace}.quantize_per_channel_group.default`,
    { input: x, scales: groups.scale, zero_points: groups.zero },
    { quant_min: -2, quant_max: 2, dtype: dtype("int8"), group_size: 2 },
    [[-2, 0, 2, 2, 0, -2, 1, 2]],
  ],
  [
    `${namespace}.quantize_per_tensor.default`,
    { input: x },
    { scale: real(0.5), zero_point: 1, quant_min: -3, quant_max: 4, dtype: dtype("int8") },
    [[-1, 1, 4, 4, 2, -3, 1, 3]],
  ],
  [
    `${namespace}.dequantize_per_channel.default`,
    { w, scales: f32([2], [0.5, 2]), zero_points: f32([2], [0.5, -0.25]) },
    { input: t("w"), axis: 0, ...bytes },
    [[0.25, 0.75, 1.25, 1.75, 10.5, 12.5, -13.5, -15.5]],
  ],
  [
    `${namespace}.fake_quant_per_channel.default`,
    { input: x, scales: f32([2], [0.5, 1]), zero_points: i64([2], [0, 1]) },
    { axis: 0, quant_min: -2, quant_max: 2 },
    [[-1, 0, 1, 1, 0, -3, 0, 1]],
  ],
  [
    "aten.fake_quantize_per_tensor_affine.default",
    { self: x },
    { scale: real(0.5), zero_point: 1, quant_min: 0, quant_max: 5 },
    [[-0.5, 0, 2, 2, 0.5, -0.5, 0, 1]],
  ],
  [
    "torchao.choose_qparams_affine.default",
    { input: x },
    { mapping_type: "ASYMMETRIC", block_size: [1, 4], target_dtype: dtype("int8") },
    [
      [0.0156862754, 0.0196078438],
      [-64, 76],
    ],
  ],
  [
    "torchao.choose_qparams_affine.default",
    { input: x },
    {
      mapping_type: "SYMMETRIC_NO_CLIPPING_ERR",
      block_size: [2, 2],
      target_dtype: dtype("int8"),
      quant_min: -8,
      quant_max: 7,
    },
    [[0.5, 0.4285714328], [0]],
  ],
  [
    "torchao.quantize_affine.default",
    { input: x, scale: groups.scale, zero_point: groups.zero },
    { block_size: [1, 2], output_dtype: dtype("int8"), quant_min: -2, quant_max: 2 },
    [[-2, 0, 2, 2, 0, -2, 1, 2]],
  ],
  [
    "torchao.dequantize_affine.default",
    { input: w, scale: groups.scale, zero_point: groups.zero },
    { block_size: [1, 2], input_dtype: dtype("int8") },
    [[0.5, 1, 2, 3, 10, 12, -1.75, -2]],
  ],
  [
    "pt2e_quant.dequantize_affine.default",
    { input: w, scale: f32([1, 2], [0.5, 2]) },
    { block_size: [2, 2], zero_point: null, input_dtype: dtype("int8"), zero_point_domain: "NONE" },
    [[0.5, 1, 6, 8, 2.5, 3, -14, -16]],
  ],
  [
    "torchao.dequantize_affine.default",
    { input: i8([1, 4], [0, 8, 9, 15]), scale: f32([1, 2], [0.5, 2]), zero_point: f32([1, 2], [1, -1]) },
    { block_size: [1, 2], input_dtype: dtype("int8"), quant_min: 0, quant_max: 15, zero_point_domain: "FLOAT" },
    [[-3, 1, 1, 13]],
  ],
  [
    `${namespace}.embedding_byte.default`,
    { weight: w, weight_scales: groups.scale, weight_zero_points: groups.zero, indices: i64([2], [1, 0]) },
    { weight_quant_min: -128, weight_quant_max: 127 },
    [[10, 12, -1.75, -2, 0.5, 1, 2, 3]],
  ],
  [
    `${namespace}.embedding_4bit.dtype`,
    { weight: fromNumbers("u8", [2, 1], [0x8f, 0x09]), weight_scales: f32([2], [0.5, 2]), indices: i64([2], [1, 0]) },
    { weight_zero_points: null, weight_quant_min: -8, weight_quant_max: 7 },
    [[-16, 2, 0, 3.5]],
  ],
  [
    `${namespace}.embedding_2bit.default`,
    { weight: fromNumbers("u8", [1, 1], [0b11100100]), weight_scales: f32([1], [2]), indices: i64([1], [0]) },
    { weight_zero_points: null, weight_quant_min: -2, weight_quant_max: 1 },
    [[-4, -2, 0, 2]],
  ],
  [
    `${namespace}.mixed_mm.default`,
    { x: f32([1, 2], [1, 10]), weight: w, weight_scales: f32([2], [0.5, 1]) },
    { input: t("x"), weight_zero_points: null },
    [[50.5, 61, -68.5, -78]],
  ],
  [
    `${namespace}.mixed_linear.default`,
    { input: x, weight: w, weight_scales: f32([2], [0.5, 2]) },
    { weight_zero_points: null },
    [[8, -84, -1.375, -62.5]],
  ],
];

describe("quantization of PyTorch", () => {
  it.each(cases.map((each) => ({ target: each[0], each })))("$target gives what PyTorch gives", ({ each }) => {
    const [target, tensors, others, expected] = each;
    const { model, feeds } = nodeOf(target, tensors, others, ["first", "second"].slice(0, expected.length));
    const actual = run(model, feeds);
    expect(actual.map((numbers) => numbers.map((number) => Math.round(number * 1e7) / 1e7 + 0))).toEqual(
      expected.map((numbers) => numbers.map((number) => Math.round(number * 1e7) / 1e7)),
    );
  });

  it("in groups of weights keeps their integers and scales", () => {
    const model = program({
      inputs: { x: [1, 4] },
      parameters: { w, scales: groups.scale },
      nodes: [
        [
          "real",
          `${namespace}.dequantize_per_channel_group.default`,
          { input: t("w"), scales: t("scales"), zero_points: null, ...nibbles, group_size: 2 },
        ],
        ["turned", "aten.permute.default", { self: t("real"), dims: [1, 0] }],
        ["y", "aten.mm.default", { self: t("x"), mat2: t("turned") }],
      ],
      outputs: ["y"],
    });
    const { graph } = importTorch(model);
    const [real, layer] = graph.nodes();
    expect([real.op.name, layer.op.name]).toEqual(["dequantize", "linear"]);
    expect(real.inputs[0]!.type.quantization).toMatchObject({ scale: [0.5, 1, 2, 0.25], axis: 1, block: 2 });
    expect(run(model, [f32([1, 4], [1, 1, 1, 1])])).toEqual([[8.5, 18.25]]);
  });

  it("says what groups do not fill, and what zero points there is no integer for", () => {
    const problem = (target: string, others: Given) =>
      problemsOf(
        nodeOf(target, { input: w, scale: groups.scale, scales: groups.scale, zero_point: groups.scale }, others, ["y"])
          .model,
      )[0];
    expect(
      problem(`${namespace}.dequantize_per_channel_group.default`, { ...nibbles, zero_points: null, group_size: 3 }),
    ).toMatchObject({
      code: "torch.shape",
      message: expect.stringContaining("groups of 3 do not fill rows of 4 numbers"),
    });
    expect(
      problem("torchao.dequantize_affine.default", { block_size: [1, 3], input_dtype: dtype("int8") }).message,
    ).toContain("blocks of 3 do not fill its axis of 4");
    const reals = { block_size: [1, 2], output_dtype: dtype("int8"), zero_point_domain: "FLOAT" };
    expect(problem("torchao.quantize_affine.default", reals)).toMatchObject({ code: "torch.unsupported" });
  });

  it("by a mapping that there is none of is refused, whatever it is called", () => {
    const others = { mapping_type: "constructor", block_size: [1, 4], target_dtype: dtype("int8") };
    const { model } = nodeOf("torchao.choose_qparams_affine.default", { input: w }, others, ["scale", "zero"]);
    expect(problemsOf(model)[0].message).toContain("its mapping type is constructor");
  });

  it("in the reference representation is refused with the way out", () => {
    const model = program({
      inputs: { x: [2] },
      nodes: [["y", "higher_order.out_dtype", { operator: "aten.mul.Tensor", input: t("x") }]],
      outputs: ["y"],
    });
    expect(problemsOf(model)[0]).toMatchObject({ hint: expect.stringContaining("use_reference_representation") });
  });
});
