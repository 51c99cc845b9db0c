import { operatorNames } from "@millrace/formats/aten";
import { fromNumbers } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { itGives, type OperatorCase } from "./operator-cases.testing.ts";
import { handlers } from "./operators.ts";
import { counting, dtype, f32, i64, real, t } from "./program.testing.ts";

const bool = (shape: readonly number[], values: readonly number[]) => fromNumbers("bool", shape, values);
const x = f32([4], [-2, -0.5, 0.5, 2]);

const elementwise: readonly OperatorCase[] = [
  ["aten.add.Tensor", { self: x, other: f32([1], [1]) }, { alpha: 2 }, [[0, 1.5, 2.5, 4]]],
  ["aten.add.Tensor", { self: i64([2], [1, 2]) }, { other: real(0.5) }, [[1.5, 2.5]]],
  ["aten.add.Tensor", { self: bool([2], [0, 1]), other: bool([2], [1, 1]) }, {}, [[1, 1]]],
  ["aten.rsub.Scalar", { self: x }, { other: 1, alpha: 2 }, [[5, 2, 0, -3]]],
  ["aten.div.Tensor", { self: i64([2], [7, -7]), other: i64([], [2]) }, {}, [[3.5, -3.5]]],
  ["aten.div.Tensor_mode", { self: i64([2], [7, -7]), other: i64([], [2]) }, { rounding_mode: "floor" }, [[3, -4]]],
  ["aten.div.Tensor_mode", { self: f32([2], [7, -7]), other: f32([], [2]) }, { rounding_mode: "trunc" }, [[3, -3]]],
  ["aten.pow.Tensor_Scalar", { self: x }, { exponent: 2 }, [[4, 0.25, 0.25, 4]]],
  ["aten.pow.Scalar", { exponent: f32([2], [3, -1]) }, { self: 2 }, [[8, 0.5]]],
  ["aten.clamp.default", { self: x }, { min: -1 }, [[-1, -0.5, 0.5, 2]]],
  ["aten.clamp.Tensor", { self: x, max: f32([1], [1]) }, {}, [[-2, -0.5, 0.5, 1]]],
  ["aten.where.ScalarOther", { condition: bool([4], [1, 0, 1, 0]), self: x }, { other: 7 }, [[-2, 7, 0.5, 7]]],
  ["aten.masked_fill.Scalar", { self: x, mask: bool([4], [1, 0, 0, 0]) }, { value: real(-1) }, [[-1, -0.5, 0.5, 2]]],
  ["aten.trunc.default", { self: f32([2], [1.7, -1.7]) }, {}, [[1, -1]]],
  ["aten.frac.default", { self: f32([2], [1.75, -1.75]) }, {}, [[0.75, -0.75]]],
  ["aten.logical_xor.default", { self: x, other: f32([4], [0, 1, 0, 1]) }, {}, [[1, 0, 1, 0]]],
  ["aten.eq.Tensor", { self: f32([2], [1, 2]), other: i64([2], [1, 3]) }, {}, [[1, 0]]],
  ["aten.dropout.default", { input: x }, { p: 0.5, train: false }, [[-2, -0.5, 0.5, 2]]],
  ["aten.dropout_.default", { self: x }, { p: 0.5, train: false }, [[-2, -0.5, 0.5, 2]]],
  ["aten.transpose_.default", { self: counting(2, 2) }, { dim0: 0, dim1: 1 }, [[0, 2, 1, 3]]],
  ["aten.to.dtype", { self: f32([2], [1.7, -1.7]) }, { dtype: dtype("int64") }, [[1, -1]]],
];

const activations: readonly OperatorCase[] = [
  ["aten.relu.default", { self: x }, {}, [[0, 0, 0.5, 2]]],
  ["aten.leaky_relu.default", { self: x }, {}, [[-0.02, -0.005, 0.5, 2]]],
  ["aten.elu.default", { self: x }, { alpha: 2 }, [[-1.7293, -0.7869, 0.5, 2]]],
  ["aten.silu.default", { self: x }, {}, [[-0.2384, -0.1888, 0.3112, 1.7616]]],
  ["aten.gelu.default", { self: x }, {}, [[-0.0455, -0.1543, 0.3457, 1.9545]]],
  ["aten.hardsigmoid.default", { self: f32([3], [-4, 0, 1.5]) }, {}, [[0, 0.5, 0.75]]],
  ["aten.hardshrink.default", { self: x }, { lambd: 0.5 }, [[-2, 0, 0, 2]]],
  ["aten.softshrink.default", { self: x }, { lambd: 0.5 }, [[-1.5, 0, 0, 1.5]]],
  ["aten.softplus.default", { self: x }, { beta: 2 }, [[0.0091, 0.1566, 0.6566, 2.0091]]],
  ["aten.threshold.default", { self: x }, { threshold: 0, value: 9 }, [[9, 9, 0.5, 2]]],
  ["aten.glu.default", { self: f32([1, 4], [1, 2, 0, 0]) }, {}, [[0.5, 1]]],
  ["aten.softmax.int", { self: f32([2], [0, Math.log(3)]) }, { dim: -1 }, [[0.25, 0.75]]],
  ["aten.prelu.default", { self: f32([1, 2, 1], [-1, -1]), weight: f32([2], [0.5, 2]) }, {}, [[-0.5, -2]]],
];

const layers: readonly OperatorCase[] = [
  [
    "aten.conv2d.default",
    { input: counting(1, 1, 3, 3), weight: f32([1, 1, 2, 2], [1, 1, 1, 1]), bias: f32([1], [1]) },
    { padding: [1, 0] },
    [[2, 4, 9, 13, 21, 25, 14, 16]],
  ],
  [
    "aten.conv1d.padding",
    { input: counting(1, 1, 3), weight: f32([1, 1, 2], [1, 1]) },
    { padding: "same" },
    [[1, 3, 2]],
  ],
  ["aten.conv1d.default", { input: counting(1, 3), weight: f32([1, 1, 2], [1, 1]) }, {}, [[1, 3]]],
  [
    "aten.convolution.default",
    { input: f32([1, 1, 2], [1, 2]), weight: f32([1, 1, 2], [1, 10]) },
    {
      bias: null,
      stride: [2],
      padding: [0],
      dilation: [1],
      transposed: true,
      output_padding: [1],
      groups: 1,
    },
    [[1, 10, 2, 20, 0]],
  ],
  [
    "aten.addmm.default",
    { self: f32([2], [1, 2]), mat1: counting(1, 2), mat2: counting(2, 2) },
    { alpha: 2 },
    [[5, 8]],
  ],
  ["aten.bmm.default", { self: counting(2, 1, 2), mat2: counting(2, 2, 1) }, {}, [[1, 13]]],
  ["aten.embedding.default", { weight: counting(3, 2), indices: i64([2], [2, 0]) }, {}, [[4, 5, 0, 1]]],
  ["aten.layer_norm.default", { input: f32([1, 2], [1, 3]) }, { normalized_shape: [2], eps: real(0) }, [[-1, 1]]],
  [
    "aten.group_norm.default",
    { input: f32([1, 2, 2], [1, 3, 2, 6]) },
    { num_groups: 2, eps: real(0) },
    [[-1, 1, -1, 1]],
  ],
  [
    "aten._native_batch_norm_legit_no_training.default",
    { input: f32([1, 2, 1], [3, 5]), running_mean: f32([2], [1, 1]), running_var: f32([2], [4, 16]) },
    { momentum: 0.1, eps: real(0) },
    [[1, 1]],
    ["result", "mean", "inverse"].slice(0, 1),
  ],
  ["aten.rms_norm.default", { input: f32([2], [3, 4]) }, { normalized_shape: [2], eps: real(0) }, [[0.8485, 1.1314]]],
  ["aten.diff.default", { self: i64([3], [1, 4, 2]), prepend: i64([1], [0]) }, {}, [[1, 3, -2]]],
  ["aten.diff.default", { self: f32([2, 3], [1, 4, 2, 0, 1, 3]) }, { n: 2, dim: 1 }, [[-5, 1]]],
  ["aten.diff.default", { self: bool([3], [1, 1, 0]) }, {}, [[0, 1]]],
  ["aten.einsum.default", { tensors: counting(1) }, { tensors: [t("tensors")], equation: "i->i" }, [[0]]],
];

const pools: readonly OperatorCase[] = [
  ["aten.max_pool2d.default", { self: counting(1, 1, 2, 4) }, { kernel_size: [2, 2] }, [[5, 7]]],
  [
    "aten.max_pool2d_with_indices.default",
    { self: counting(1, 2, 2, 2) },
    { kernel_size: [2, 2] },
    [
      [3, 7],
      [3, 3],
    ],
    ["a", "b"],
  ],
  ["aten.avg_pool1d.default", { self: counting(1, 1, 4) }, { kernel_size: [2], padding: [1] }, [[0, 1.5, 1.5]]],
  ["aten.avg_pool2d.default", { self: counting(1, 1, 2, 2) }, { kernel_size: [2, 2], divisor_override: 2 }, [[3]]],
  ["aten.adaptive_avg_pool1d.default", { self: counting(1, 1, 5) }, { output_size: [3] }, [[0.5, 2, 3.5]]],
  ["aten.adaptive_avg_pool2d.default", { self: counting(1, 1, 2, 4) }, { output_size: [1, 2] }, [[2.5, 4.5]]],
  ["aten.adaptive_max_pool2d.default", { self: counting(1, 1, 3, 3) }, { output_size: [2, 2] }, [[4, 5, 7, 8]]],
  ["aten.upsample_nearest2d.vec", { input: counting(1, 1, 1, 2) }, { output_size: [2, 4] }, [[0, 0, 1, 1, 0, 0, 1, 1]]],
  [
    "aten.upsample_bilinear2d.vec",
    { input: counting(1, 1, 1, 2) },
    { output_size: [1, 4], align_corners: false },
    [[0, 0.25, 0.75, 1]],
  ],
  ["aten.constant_pad_nd.default", { self: counting(1, 2) }, { pad: [1, -1], value: 9 }, [[9, 0]]],
  ["aten.reflection_pad1d.default", { self: counting(1, 3) }, { padding: [2, 1] }, [[2, 1, 0, 1, 2, 1]]],
  ["aten.pad.default", { self: counting(1, 2) }, { pad: [1, 1], mode: "circular" }, [[1, 0, 1, 0]]],
];

const shapes: readonly OperatorCase[] = [
  ["aten.view.default", { self: counting(2, 3) }, { size: [3, -1] }, [[0, 1, 2, 3, 4, 5]]],
  ["aten.transpose.int", { self: counting(2, 3) }, { dim0: 0, dim1: -1 }, [[0, 3, 1, 4, 2, 5]]],
  ["aten.movedim.int", { self: counting(1, 2, 3) }, { source: [1], destination: [2] }, [[0, 3, 1, 4, 2, 5]]],
  ["aten.slice.Tensor", { self: counting(5) }, { dim: 0, start: -4, end: 5, step: 2 }, [[1, 3]]],
  ["aten.select.int", { self: counting(2, 2) }, { dim: 1, index: -1 }, [[1, 3]]],
  ["aten.split.Tensor", { self: counting(5) }, { split_size: 2 }, [[0, 1], [2, 3], [4]], ["a b c"]],
  ["aten.chunk.default", { self: counting(5) }, { chunks: 4 }, [[0, 1], [2, 3], [4]], ["a b c"]],
  [
    "aten.unbind.int",
    { self: counting(2, 2) },
    { dim: 1 },
    [
      [0, 2],
      [1, 3],
    ],
    ["a b"],
  ],
  ["aten.repeat.default", { self: counting(2) }, { repeats: [2, 2] }, [[0, 1, 0, 1, 0, 1, 0, 1]]],
  ["aten.repeat_interleave.self_int", { self: counting(2) }, { repeats: 2 }, [[0, 0, 1, 1]]],
  ["aten.expand.default", { self: counting(2, 1) }, { size: [-1, 2] }, [[0, 0, 1, 1]]],
  ["aten.flip.default", { self: counting(2, 2) }, { dims: [1] }, [[1, 0, 3, 2]]],
  ["aten.roll.default", { self: counting(4) }, { shifts: [1], dims: [0] }, [[3, 0, 1, 2]]],
  ["aten.rot90.default", { self: counting(2, 2) }, {}, [[1, 3, 0, 2]]],
  ["aten.pixel_shuffle.default", { self: counting(1, 4, 1, 1) }, { upscale_factor: 2 }, [[0, 1, 2, 3]]],
  ["aten.pixel_unshuffle.default", { self: counting(1, 1, 2, 2) }, { downscale_factor: 2 }, [[0, 1, 2, 3]]],
  ["aten.slice_scatter.default", { self: counting(4), src: f32([2], [8, 9]) }, { start: 0, step: 2 }, [[8, 1, 9, 3]]],
  ["aten.unfold.default", { self: counting(4) }, { dimension: 0, size: 2, step: 1 }, [[0, 1, 1, 2, 2, 3]]],
  ["aten.diagonal.default", { self: counting(2, 3) }, { offset: 1 }, [[1, 5]]],
  ["aten.tril.default", { self: counting(2, 2) }, {}, [[0, 0, 2, 3]]],
  [
    "aten.as_strided.default",
    { self: counting(1, 3, 1, 1) },
    { size: [1, 3, 1, 1], stride: [3, 1, 3, 3] },
    [[0, 1, 2]],
  ],
  [
    "aten.as_strided.default",
    { self: counting(2, 3) },
    { size: [2, 2], stride: [1, 3], storage_offset: 1 },
    [[1, 4, 2, 5]],
  ],
  ["aten.as_strided_copy.default", { self: counting(4) }, { size: [3, 2], stride: [1, 1] }, [[0, 1, 1, 2, 2, 3]]],
  ["aten.arange.start_step", {}, { start: 1, end: 6, step: 2 }, [[1, 3, 5]]],
  ["aten.full.default", {}, { size: [2], fill_value: real(1.5) }, [[1.5, 1.5]]],
  ["aten.full_like.default", { self: counting(2) }, { fill_value: 3 }, [[3, 3]]],
];

const reductions: readonly OperatorCase[] = [
  ["aten.sum.dim_IntList", { self: counting(2, 2) }, { dim: [1] }, [[1, 5]]],
  ["aten.mean.default", { self: counting(4) }, {}, [[1.5]]],
  [
    "aten.max.dim",
    { self: counting(2, 2) },
    { dim: 1 },
    [
      [1, 3],
      [1, 1],
    ],
    ["a", "b"],
  ],
  ["aten.argmin.default", { self: f32([3], [2, 1, 3]) }, {}, [[1]]],
  ["aten.var.correction", { self: counting(3) }, { dim: [0] }, [[1]]],
  ["aten.std.dim", { self: counting(2) }, { dim: [0], unbiased: false }, [[0.5]]],
  ["aten.any.dim", { self: f32([2, 2], [0, 0, 0, 1]) }, { dim: 1 }, [[0, 1]]],
  ["aten.linalg_vector_norm.default", { self: f32([2], [3, 4]) }, {}, [[5]]],
  ["aten.cumsum.default", { self: counting(3) }, { dim: 0 }, [[0, 1, 3]]],
  [
    "aten.topk.default",
    { self: f32([3], [1, 3, 2]) },
    { k: 2 },
    [
      [3, 2],
      [1, 2],
    ],
    ["a", "b"],
  ],
  [
    "aten.sort.default",
    { self: f32([3], [1, 3, 2]) },
    {},
    [
      [1, 2, 3],
      [0, 2, 1],
    ],
    ["a", "b"],
  ],
];

const picks: readonly OperatorCase[] = [
  ["aten.index_select.default", { self: counting(3, 2), index: i64([2], [2, 0]) }, { dim: 0 }, [[4, 5, 0, 1]]],
  ["aten.gather.default", { self: counting(2, 2), index: i64([2, 1], [1, 0]) }, { dim: 1 }, [[1, 2]]],
  [
    "aten.scatter_add.default",
    { self: f32([2], [0, 0]), index: i64([3], [0, 1, 0]), src: f32([3], [1, 2, 3]) },
    { dim: 0 },
    [[4, 2]],
  ],
  ["aten.scatter.value", { self: counting(3), index: i64([1], [1]) }, { dim: 0, value: 9 }, [[0, 9, 2]]],
  [
    "aten.index.Tensor",
    { self: counting(3, 3), i: i64([2], [0, -1]), j: i64([2], [1, 0]) },
    { indices: [t("i"), t("j")] },
    [[1, 6]],
  ],
  [
    "aten.index.Tensor",
    { self: counting(1, 2, 3), i: i64([3, 1], [1, 0, 1]), j: i64([2], [2, 0]) },
    { indices: [{ kind: "none" }, t("i"), t("j")] },
    [[5, 3, 2, 0, 5, 3]],
  ],
  [
    "aten.index.Tensor",
    { self: counting(2, 2), j: i64([1, 1], [1]) },
    { indices: [{ kind: "none" }, t("j")] },
    [[1, 3]],
  ],
  ["aten.index.Tensor", { self: counting(4), m: bool([4], [1, 0, 0, 1]) }, { indices: [t("m")] }, [[0, 3]]],
  [
    "aten.index_put.default",
    { self: counting(2, 3), i: i64([2], [0, 1]), j: i64([2], [2, 0]), values: f32([2], [8, 9]) },
    { indices: [t("i"), t("j")] },
    [[0, 1, 8, 9, 4, 5]],
  ],
  [
    "aten.index_put.default",
    { self: counting(2, 2), j: i64([2], [0, 0]), values: f32([1], [1]) },
    { indices: [{ kind: "none" }, t("j")], accumulate: true },
    [[2, 1, 4, 3]],
  ],
  [
    "aten.masked_scatter.default",
    { self: counting(4), mask: bool([4], [0, 1, 0, 1]), source: f32([3], [7, 8, 9]) },
    {},
    [[0, 7, 2, 8]],
  ],
  ["aten.masked_select.default", { self: counting(2, 2), mask: bool([2, 2], [0, 1, 1, 0]) }, {}, [[1, 2]]],
  [
    "aten.tensor_split.sections",
    { self: counting(5) },
    { sections: 2 },
    [
      [0, 1, 2],
      [3, 4],
    ],
    ["a b"],
  ],
  ["aten.nan_to_num.default", { self: f32([3], [Number.NaN, 1, -Infinity]) }, { neginf: real(-5) }, [[0, 1, -5]]],
  ["aten.masked_fill.Tensor", { self: counting(2), mask: bool([2], [0, 1]), value: f32([], [7]) }, {}, [[0, 7]]],
];

const cases = [...elementwise, ...activations, ...layers, ...pools, ...shapes, ...reductions, ...picks];

describe("operators of PyTorch", () => {
  itGives(cases);

  it("are all known by the schemas, so that their defaults can be filled in", () => {
    const known = new Set(operatorNames.map((name) => name.replace("::", ".")));
    const unknown = Object.keys(handlers).filter(
      (name) => !name.startsWith("higher_order.") && !known.has(name) && !known.has(name.replace(/\.default$/, "")),
    );
    expect(unknown).toEqual([]);
  });
});
