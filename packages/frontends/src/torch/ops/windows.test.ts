import { describe } from "vitest";
import { itGives, type OperatorCase } from "../operator-cases.testing.ts";
import { counting } from "../program.testing.ts";

const cases: readonly OperatorCase[] = [
  [
    "aten.avg_pool2d.default",
    { self: counting(1, 1, 1, 5) },
    { kernel_size: [1, 3], stride: [2, 2], padding: [0, 1], ceil_mode: true, divisor_override: 2 },
    [[0.5, 3, 3.5]],
  ],
  [
    "aten.upsample_bilinear2d.vec",
    { input: counting(1, 1, 1, 4) },
    { output_size: null, align_corners: true, scale_factors: { kind: "floats", values: [1, 0.6] } },
    [[0, 3]],
  ],
  [
    "aten.im2col.default",
    { self: counting(1, 1, 2, 3) },
    { kernel_size: [2, 2], dilation: [1, 1], padding: [0, 0], stride: [1, 1] },
    [[0, 1, 1, 2, 3, 4, 4, 5]],
  ],
  [
    "aten.im2col.default",
    { self: counting(1, 1, 4) },
    { kernel_size: [1, 2], dilation: [1, 2], padding: [0, 1], stride: [1, 2] },
    [[0, 1, 1, 3]],
  ],
];

describe("windows of images", () => itGives(cases));
