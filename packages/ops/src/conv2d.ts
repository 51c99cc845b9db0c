import {
  type Cost,
  entryOf,
  fromNumbers,
  isFloat,
  numbersOf,
  type Operator,
  type Shape,
  type Tensor,
  type Value,
  type ValueType,
  zeros,
} from "@millrace/ir";
import { activationRanges } from "./activation.ts";
import { activation, type Layout, layout, positiveInteger, positivePair, spatialPadding } from "./attributes.ts";
import { defineOp, one, optional } from "./define.ts";
import { f32 } from "./literal.ts";
import { imagePatches, type SlidingWindow } from "./patches.ts";
import { knownCount } from "./sizes.ts";
import { slicedWindow } from "./slicing.ts";
import { flippedLayout, toChannelsFirst, toChannelsLast } from "./transposing.ts";
import { fourAxes, imageShape, imageStrides, slidingSize, spatialAxes } from "./window.ts";

/** Sizes of a weight tensor by role: OHWI for channels last, OIHW for channels first; I is the channels of one group. */
function weightAxes(kind: Layout) {
  return kind === "last" ? { out: 0, height: 1, width: 2, in: 3 } : { out: 0, in: 1, height: 2, width: 3 };
}

function kernelOf(weights: Shape, kind: Layout): readonly number[] {
  const axes = weightAxes(kind);
  return [weights[axes.height] as number, weights[axes.width] as number];
}

/**
 * Two-dimensional cross-correlation with zero padding [top, left, bottom, right]. `x` is NHWC with OHWI weights for
 * layout last, NCHW with OIHW weights for layout first. Depthwise convolution is the case groups = channels.
 */
export const conv2d = defineOp({
  name: "conv2d",
  inputs: {
    x: one("f32", "i8", "u8", "i16"),
    weights: one("f32", "i4", "i8", "u8"),
    bias: optional("f32", "i32", "i64"),
  },
  attributes: {
    stride: positivePair,
    dilation: positivePair,
    padding: spatialPadding,
    groups: positiveInteger,
    layout,
    activation,
  },
  quantization: {
    kind: "free",
    weights: {
      data: "x",
      weights: "weights",
      bias: "bias",
      axis: () => 0,
      halfBytes: true,
      dynamic: { i8: (): Operator => conv2d },
      groups: ({ layout, groups }) => (layout === "last" ? (groups as number) : undefined),
      padded: ({ padding }) => (padding as readonly number[]).some((size) => size > 0),
      patches: (data, weights, attributes) => imagePatches(data, weights, attributes as unknown as SlidingWindow),
    },
  },
  check: [
    fourAxes,
    [
      "weights have four known sizes",
      ({ weights }) => weights.type.shape.length === 4 && weights.type.shape.every((size) => typeof size === "number"),
    ],
    [
      "the channels of x are groups times those of the weights",
      ({ x, weights }, { groups, layout }) => {
        const channels = x.type.shape[spatialAxes(layout).channels];
        return (
          typeof channels === "string" || channels === groups * (weights.type.shape[weightAxes(layout).in] as number)
        );
      },
    ],
    [
      "groups divide the output channels",
      ({ weights }, { groups }) => (weights.type.shape[0] as number) % groups === 0,
    ],
    [
      "bias has one number for each output channel",
      ({ weights, bias }) =>
        bias === undefined || (bias.type.shape.length === 1 && bias.type.shape[0] === weights.type.shape[0]),
    ],
    [
      "the window fits the padded data",
      ({ x, weights }, { layout, ...window }) =>
        slidingSize(x.type.shape, { ...window, layout, kernel: kernelOf(weights.type.shape, layout) }).every(
          (size) => typeof size === "string" || size > 0,
        ),
    ],
  ],
  infer({ x, weights }, { layout, ...window }) {
    const [height, width] = slidingSize(x.type.shape, {
      ...window,
      layout,
      kernel: kernelOf(weights.type.shape, layout),
    });
    return { dtype: x.type.dtype, shape: imageShape(layout, [x.type.shape[0], height, width, weights.type.shape[0]]) };
  },
  macs: ({ weights }, output) => convolutionMacs(weights, output),
  transposed({ bias }, { layout, ...rest }, permutation) {
    const flipped = flippedLayout(layout, permutation);
    if (flipped === undefined) return undefined;
    const weights = flipped === "last" ? toChannelsLast : toChannelsFirst;
    return {
      attributes: { ...rest, layout: flipped },
      inputs: [permutation, weights, ...(bias ? [undefined] : [])],
      outputs: [permutation],
    };
  },
  sliced({ x, weights, bias }, attributes, range) {
    const kernel = kernelOf(weights.type.shape, attributes.layout);
    return slicedWindow([x, weights, bias], attributes, { ...attributes, kernel }, range);
  },
  evaluate({ x, weights, bias }, { stride, dilation, padding, groups, layout, activation }, [output], types) {
    const shape = output.shape as readonly number[];
    const result = zeros("f64", shape);
    const [source, filter] = [numbersOf(x), weightNumbers(weights, x, types.weights)];
    const offsets = bias && numbersOf(bias);
    const [from, to] = [imageStrides(x.shape, layout), imageStrides(shape, layout)];
    const axes = weightAxes(layout);
    const [kernelHeight, kernelWidth] = kernelOf(weights.shape, layout);
    const depth = weights.shape[axes.in];
    const [rowStep, columnStep, depthStep] =
      layout === "last" ? [kernelWidth * depth, depth, 1] : [kernelWidth, 1, kernelHeight * kernelWidth];
    const perGroup = to.channels / groups;
    const [low, high] = activationRanges[activation];
    const target = result.data as Float64Array;
    for (let batch = 0; batch < shape[0]; batch++) {
      for (let o = 0; o < to.channels; o++) {
        const first = Math.floor(o / perGroup) * depth;
        for (let oy = 0; oy < to.height; oy++) {
          for (let ox = 0; ox < to.width; ox++) {
            let sum = 0;
            for (let ky = 0; ky < kernelHeight; ky++) {
              const y = oy * stride[0] + ky * dilation[0] - padding[0];
              if (y < 0 || y >= from.height) continue;
              for (let kx = 0; kx < kernelWidth; kx++) {
                const column = ox * stride[1] + kx * dilation[1] - padding[1];
                if (column < 0 || column >= from.width) continue;
                let at = batch * from.batch + y * from.row + column * from.column + first * from.channel;
                let weight = o * kernelHeight * kernelWidth * depth + ky * rowStep + kx * columnStep;
                for (let c = 0; c < depth; c++, at += from.channel, weight += depthStep)
                  sum += source[at] * filter[weight];
              }
            }
            const value = sum + (offsets ? offsets[o] : 0);
            target[batch * to.batch + oy * to.row + ox * to.column + o * to.channel] = Math.min(
              high,
              Math.max(low, value),
            );
          }
        }
      }
    }
    return fromNumbers(output.dtype, shape, target);
  },
  samples: [
    {
      name: "padded, every second column, bias and ReLU6",
      attributes: {
        stride: [1, 2],
        dilation: [1, 1],
        padding: [0, 1, 0, 0],
        groups: 1,
        layout: "last",
        activation: "relu6",
      },
      inputs: [f32([[[[1], [2], [3], [4]]]]), f32([[[[1], [10], [100]]], [[[1], [0], [-1]]]]), f32([-209, 1])],
      outputs: [
        f32([
          [
            [
              [1, 0],
              [6, 0],
            ],
          ],
        ]),
      ],
    },
    {
      name: "depthwise, dilated, channels first",
      attributes: {
        stride: [1, 1],
        dilation: [2, 1],
        padding: [0, 0, 0, 0],
        groups: 2,
        layout: "first",
        activation: "none",
      },
      inputs: [
        f32([
          [
            [[1], [2], [3]],
            [[4], [5], [6]],
          ],
        ]),
        f32([[[[1], [10]]], [[[2], [-1]]]]),
      ],
      outputs: [f32([[[[31]], [[2]]]])],
    },
  ],
});

/** Products of a convolution: every output element needs one window of the weights. */
/** Weights as numbers to multiply with x: where x is real and they are integers, the reals that these stand for. */
export function weightNumbers(weights: Tensor, x: Tensor, type: ValueType | undefined): ArrayLike<number> {
  const numbers = numbersOf(weights);
  if (!type?.quantization || !isFloat(x.dtype)) return numbers;
  const { scale, zeroPoint } = type.quantization;
  const entry = entryOf(weights.shape, type.quantization);
  return Float64Array.from(numbers, (stored, at) => {
    const index = entry(at);
    return scale[index] * (stored - zeroPoint[index]);
  });
}

export function convolutionMacs(weights: Value, output: Value): Cost["macs"] {
  return knownCount(output.type.shape) * knownCount(weights.type.shape.slice(1));
}
