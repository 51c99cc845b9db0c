import { type Attributes, fromNumbers, type Graph, type Operator, type Tensor } from "@millrace/ir";
import * as ops from "@millrace/ops";
import { oneNode, randomTensor } from "./graphs.testing.ts";

/** A graph of one node, and the file's operators it becomes. */
export interface LegalizeCase {
  readonly name: string;
  readonly becomes: readonly string[];
  readonly x: Tensor;
  graph(): Graph;
}

function legalizeCase(
  name: string,
  becomes: string,
  op: Operator,
  operands: readonly (Tensor | undefined)[],
  attributes: Attributes,
): LegalizeCase {
  return { name, becomes: becomes.split(" "), x: operands[0]!, graph: () => oneNode(op, operands, attributes) };
}

const last = { layout: "last", activation: "none" };
const convolution = { stride: [1, 1], dilation: [1, 1], padding: [0, 0, 0, 0], groups: 1, ...last };
const averaging = { kernel: [3, 3], stride: [2, 2], padding: [0, 0, 0, 0], countPadding: false, ...last };
const greatest = { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], padding: [0, 0, 0, 0], ...last };
const transposed = { ...convolution, stride: [2, 2], outputSize: [9, 11] };
const resizing = { mode: "nearest", size: [4, 9], coordinates: "halfPixel", nearestRounding: "floor", layout: "last" };

const image = randomTensor([2, 7, 8, 4], 3);
const small = randomTensor([1, 4, 5, 4], 4);
const kernel = randomTensor([6, 3, 3, 4], 5);
const bias = randomTensor([6], 6);
const up = randomTensor([3, 3, 3, 4], 7);
const signs = fromNumbers("f32", [6], [-1e6, -1.5, -0.25, 0, 0.75, 1e6]);
const { POSITIVE_INFINITY: most, NEGATIVE_INFINITY: least } = Number;

export const legalizeCases: readonly LegalizeCase[] = [
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
  legalizeCase("convolution without padding", "CONV_2D", ops.conv2d, [image, kernel, bias], convolution),
  legalizeCase("convolution with even padding", "CONV_2D", ops.conv2d, [image, kernel, bias], {
    ...convolution,
    padding: [1, 1, 1, 1],
  }),
  legalizeCase("convolution with uneven padding", "PAD CONV_2D", ops.conv2d, [image, kernel, bias], {
    ...convolution,
    stride: [2, 1],
    padding: [2, 0, 1, 3],
    activation: "relu6",
  }),
  legalizeCase("strided convolution padded before", "PAD CONV_2D", ops.conv2d, [image, kernel], {
    ...convolution,
    stride: [2, 2],
    padding: [1, 1, 1, 1],
  }),
  legalizeCase("grouped convolution", "CONV_2D", ops.conv2d, [image, randomTensor([6, 3, 2, 2], 8)], {
    ...convolution,
    dilation: [2, 3],
    groups: 2,
  }),
  legalizeCase("depthwise convolution", "DEPTHWISE_CONV_2D", ops.conv2d, [image, randomTensor([8, 3, 2, 1], 9)], {
    ...convolution,
    groups: 4,
    activation: "relu",
  }),
  legalizeCase(
    "convolution of one channel",
    "CONV_2D",
    ops.conv2d,
    [randomTensor([1, 5, 5, 1]), randomTensor([2, 3, 3, 1])],
    convolution,
  ),
  legalizeCase("linear of three axes", "FULLY_CONNECTED", ops.linear, [randomTensor([2, 3, 5]), randomTensor([4, 5])], {
    activation: "none",
  }),
  legalizeCase(
    "linear of one axis",
    "FULLY_CONNECTED",
    ops.linear,
    [randomTensor([5]), randomTensor([4, 5]), randomTensor([4])],
    {
      activation: "relu",
    },
  ),
  legalizeCase(
    "broadcast over six axes of two kinds",
    "RESHAPE SQUARED_DIFFERENCE RESHAPE",
    ops.squaredDifference,
    [randomTensor([2, 1, 3, 2, 1, 2], 14), randomTensor([2, 1, 2], 15)],
    {},
  ),
  legalizeCase("dilated maximum", "GATHER REDUCE_MAX GATHER REDUCE_MAX RELU", ops.maxPool2d, [image], {
    ...greatest,
    dilation: [2, 3],
    padding: [1, 0, 1, 2],
    activation: "relu",
  }),
  legalizeCase("maximum with uneven padding", "PADV2 MAX_POOL_2D", ops.maxPool2d, [image], {
    ...greatest,
    padding: [1, 1, 1, 1],
  }),
  legalizeCase("mean that counts padding", "PAD AVERAGE_POOL_2D", ops.averagePool2d, [image], {
    ...averaging,
    stride: [1, 1],
    padding: [1, 1, 1, 1],
    countPadding: true,
  }),
  legalizeCase("mean with even padding", "AVERAGE_POOL_2D", ops.averagePool2d, [image], {
    ...averaging,
    stride: [1, 1],
    padding: [1, 1, 1, 1],
  }),
  legalizeCase("mean with uneven padding", "PAD AVERAGE_POOL_2D MUL", ops.averagePool2d, [image], {
    ...averaging,
    padding: [2, 1, 0, 2],
    activation: "relu",
  }),
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
  legalizeCase(
    "transposed convolution",
    "TRANSPOSE_CONV",
    ops.transposeConv2d,
    [small, up, randomTensor([3])],
    transposed,
  ),
  legalizeCase("transposed convolution cropped evenly", "TRANSPOSE_CONV", ops.transposeConv2d, [small, up], {
    ...transposed,
    padding: [0, 0, 1, 1],
    outputSize: [8, 10],
  }),
  legalizeCase(
    "transposed convolution cropped before",
    "TRANSPOSE_CONV SLICE",
    ops.transposeConv2d,
    [small, up, randomTensor([3])],
    {
      ...transposed,
      padding: [1, 0, 1, 2],
      outputSize: [7, 9],
      activation: "relu",
    },
  ),
  legalizeCase(
    "transposed convolution that goes on beyond",
    "TRANSPOSE_CONV SLICE",
    ops.transposeConv2d,
    [small, up, randomTensor([3])],
    {
      ...transposed,
      padding: [1, 2, 0, 0],
      outputSize: [9, 10],
    },
  ),
  legalizeCase(
    "transposed convolution in groups",
    "TRANSPOSE_CONV",
    ops.transposeConv2d,
    [small, up, randomTensor([6])],
    {
      ...transposed,
      groups: 2,
    },
  ),
  legalizeCase("dilated transposed convolution", "TRANSPOSE_CONV", ops.transposeConv2d, [small, up], {
    ...transposed,
    dilation: [2, 3],
    outputSize: [11, 15],
  }),
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
