import { fromNumbers } from "@millrace/ir";
import * as ops from "@millrace/ops";
import { randomTensor } from "./graphs.testing.ts";
import { type LegalizeCase, legalizeCase } from "./legalize-case.testing.ts";
import { windowCases } from "./legalize-windows.testing.ts";

const resizing = { mode: "nearest", size: [4, 9], coordinates: "halfPixel", nearestRounding: "floor", layout: "last" };
const image = randomTensor([2, 7, 8, 4], 3);
const signs = fromNumbers("f32", [6], [-1e6, -1.5, -0.25, 0, 0.75, 1e6]);
const { POSITIVE_INFINITY: most, NEGATIVE_INFINITY: least } = Number;

export const legalizeCases: readonly LegalizeCase[] = [
  ...windowCases,
  legalizeCase(
    "response normalized by as many channels after it as before it",
    "MUL RESHAPE PAD AVERAGE_POOL_2D RESHAPE MUL ADD POW DIV",
    ops.localResponseNormalization,
    [image],
    { before: 1, after: 1, bias: 1.5, alpha: 0.25, beta: 0.75, layout: "last" },
  ),
  legalizeCase(
    "sum of 16 bits without a sign",
    "CAST ADD CAST",
    ops.add,
    [fromNumbers("u16", [2], [3, 65535]), fromNumbers("u16", [], [4])],
    {
      activation: "none",
    },
  ),
  legalizeCase(
    "product of bytes that stand for no reals",
    "CAST MUL CAST",
    ops.mul,
    [fromNumbers("u8", [2], [3, 255]), fromNumbers("u8", [], [4])],
    { activation: "none" },
  ),
  legalizeCase(
    "quotient of 64-bit integers",
    "CAST DIV CAST",
    ops.div,
    [fromNumbers("i64", [2], [-7, 9]), fromNumbers("i64", [], [2])],
    { activation: "none" },
  ),
  legalizeCase(
    "comparison of bytes",
    "CAST LESS",
    ops.less,
    [fromNumbers("i8", [2], [-7, 9]), fromNumbers("i8", [], [2])],
    {},
  ),
  legalizeCase(
    "cast to 4 bits",
    "CAST CAST SUB FLOOR_MOD ADD CAST",
    ops.cast,
    [fromNumbers("f32", [4], [-9, -8.5, 6.5, 9])],
    { to: "i4" },
  ),
  legalizeCase("cast from 4 bits", "CAST CAST", ops.cast, [fromNumbers("u4", [2], [1, 15])], { to: "u8" }),
  legalizeCase(
    "error function",
    "MINIMUM MAXIMUM MUL MUL ADD MUL ADD MUL ADD MUL ADD MUL ADD MUL ADD MUL MUL ADD MUL ADD MUL ADD MUL ADD DIV",
    ops.erf,
    [signs],
    {},
  ),
  legalizeCase("Mish", "MINIMUM EXP ADD MUL ADD DIV MUL", ops.mish, [signs], {}),
  legalizeCase("clamp to some range", "MAXIMUM MINIMUM", ops.clamp, [signs], { minimum: -0.5, maximum: 0.5 }),
  legalizeCase("clamp from above", "MINIMUM", ops.clamp, [signs], { minimum: least, maximum: 0.5 }),
  legalizeCase("clamp from below", "MAXIMUM", ops.clamp, [signs], { minimum: 0.5, maximum: most }),
  legalizeCase("clamp to anything", "RESHAPE", ops.clamp, [signs], { minimum: least, maximum: most }),
  legalizeCase("clamp from 0", "RELU", ops.clamp, [signs], { minimum: 0, maximum: most }),
  legalizeCase("clamp from 0 to 6", "RELU6", ops.clamp, [signs], { minimum: 0, maximum: 6 }),
  legalizeCase("clamp from 0 to 1", "RELU_0_TO_1", ops.clamp, [signs], { minimum: 0, maximum: 1 }),
  legalizeCase("clamp from -1 to 1", "RELU_N1_TO_1", ops.clamp, [signs], { minimum: -1, maximum: 1 }),
  legalizeCase("clamp of integers", "MAXIMUM MINIMUM", ops.clamp, [fromNumbers("i32", [4], [-9, 1, 2, 9])], {
    minimum: 0.5,
    maximum: 6.5,
  }),
  legalizeCase("ELU that falls to -2", "ELU LEAKY_RELU", ops.elu, [signs], { alpha: 2 }),
  legalizeCase("softmax of a middle axis", "TRANSPOSE SOFTMAX TRANSPOSE", ops.softmax, [image], { axis: 1, beta: 2 }),
  legalizeCase("log softmax of the first axis", "TRANSPOSE LOG_SOFTMAX TRANSPOSE", ops.logSoftmax, [image], {
    axis: 0,
  }),
  legalizeCase("index of the greatest, axis kept", "ARG_MAX RESHAPE", ops.argMax, [image], {
    axis: 2,
    keepDims: true,
    to: "i32",
  }),
  legalizeCase("repeated edges", "GATHER GATHER", ops.pad, [image], {
    before: [0, 2, 0, 0],
    after: [0, 1, 0, 3],
    mode: "edge",
    value: 0,
  }),
  legalizeCase("padding with a number", "PADV2", ops.pad, [image], {
    before: [0, 1, 0, 0],
    after: [1, 0, 0, 2],
    mode: "constant",
    value: -1.5,
  }),
  legalizeCase("padding mirrored", "MIRROR_PAD", ops.pad, [image], {
    before: [0, 1, 2, 0],
    after: [1, 0, 0, 2],
    mode: "symmetric",
    value: 0,
  }),
  legalizeCase("nearest resizing of another kind", "GATHER GATHER", ops.resize, [image], resizing),
  legalizeCase("nearest resizing that takes the same elements", "RESIZE_NEAREST_NEIGHBOR", ops.resize, [image], {
    ...resizing,
    size: [14, 16],
    nearestRounding: "roundPreferFloor",
  }),
  legalizeCase("nearest resizing of TFLite", "RESIZE_NEAREST_NEIGHBOR", ops.resize, [image], {
    ...resizing,
    coordinates: "alignCorners",
    nearestRounding: "roundPreferCeil",
  }),
  legalizeCase("bilinear resizing", "RESIZE_BILINEAR", ops.resize, [image], { ...resizing, mode: "bilinear" }),
  legalizeCase(
    "depth to space in column-first order",
    "GATHER DEPTH_TO_SPACE",
    ops.depthToSpace,
    [randomTensor([1, 2, 3, 8])],
    {
      block: 2,
      layout: "last",
      order: "columnFirst",
    },
  ),
  legalizeCase(
    "space to depth in column-first order",
    "SPACE_TO_DEPTH GATHER",
    ops.spaceToDepth,
    [randomTensor([1, 4, 6, 3])],
    {
      block: 2,
      layout: "last",
      order: "columnFirst",
    },
  ),
  legalizeCase("indices from the end", "GATHER", ops.gather, [image, fromNumbers("i32", [3], [-1, 0, -2])], {
    axis: 3,
  }),
  legalizeCase("backwards to the first element", "STRIDED_SLICE", ops.slice, [image], {
    starts: [0, 6, 1, 3],
    sizes: [2, 4, 3, 4],
    steps: [1, -2, 2, -1],
  }),
  legalizeCase("unequal parts", "SPLIT_V", ops.split, [image], { axis: 2, sizes: [3, 5] }),
  legalizeCase("equal parts", "SPLIT", ops.split, [image], { axis: 2, sizes: [4, 4] }),
];
