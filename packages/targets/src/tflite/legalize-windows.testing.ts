import * as ops from "@millrace/ops";
import { randomTensor } from "./graphs.testing.ts";
import { type LegalizeCase, legalizeCase } from "./legalize-case.testing.ts";

const last = { layout: "last", activation: "none" };
const convolution = { stride: [1, 1], dilation: [1, 1], padding: [0, 0, 0, 0], groups: 1, ...last };
const averaging = { kernel: [3, 3], stride: [2, 2], padding: [0, 0, 0, 0], countPadding: false, ...last };
const greatest = { kernel: [3, 3], stride: [2, 2], dilation: [1, 1], padding: [0, 0, 0, 0], ...last };
const transposed = { ...convolution, stride: [2, 2], outputSize: [9, 11] };
const image = randomTensor([2, 7, 8, 4], 3);
const small = randomTensor([1, 4, 5, 4], 4);
const kernel = randomTensor([6, 3, 3, 4], 5);
const bias = randomTensor([6], 6);
const up = randomTensor([3, 3, 3, 4], 7);

/** Layers and pools whose window moves over images, and layers of rows. */
export const windowCases: readonly LegalizeCase[] = [
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
];
