import { fromNumbers, mayEqual, numbersOf, type Shape, type Tensor, zeros } from "@millrace/ir";
import { activationRanges } from "./activation.ts";
import { activation, type Layout, layout, positiveInteger, positivePair, spatialPadding } from "./attributes.ts";
import { defineOp, one, optional } from "./define.ts";
import { f32 } from "./literal.ts";
import { knownCount } from "./sizes.ts";
import { flippedLayout } from "./transposing.ts";
import { fourAxes, imageShape, imageStrides, spatialAxes } from "./window.ts";

/** Sizes of a weight tensor by role: OHWI for channels last, IOHW for channels first; O is the output channels of one group, I all input channels. */
function transposeWeightAxes(kind: Layout) {
  return kind === "last" ? { out: 0, height: 1, width: 2, in: 3 } : { in: 0, out: 1, height: 2, width: 3 };
}

/** Flat strides of weights by role. */
function weightStrides(shape: readonly number[], kind: Layout) {
  const [, second, third, fourth] = shape;
  return kind === "last"
    ? { out: second * third * fourth, row: third * fourth, column: fourth, in: 1 }
    : { in: second * third * fourth, out: third * fourth, row: fourth, column: 1 };
}

function channelsOf(weights: Shape, groups: number, kind: Layout): number {
  return (weights[transposeWeightAxes(kind).out] as number) * groups;
}

/**
 * Transposed two-dimensional convolution: every input element adds its multiple of the kernel at stride steps. From
 * that full result `padding` [top, left, bottom, right] is cropped; outputSize [height, width] decides how much is
 * kept, and what lies beyond the full result is zero before the bias. `x` is NHWC with OHWI weights for layout last,
 * NCHW with IOHW weights for layout first; O counts the output channels of one group, I all channels of x.
 */
export const transposeConv2d = defineOp({
  name: "transposeConv2d",
  inputs: {
    x: one("f32", "i8", "u8", "i16"),
    weights: one("f32", "i4", "i8", "u8"),
    bias: optional("f32", "i32", "i64"),
  },
  attributes: {
    stride: positivePair,
    dilation: positivePair,
    padding: spatialPadding,
    outputSize: positivePair,
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
      axis: (attributes) => transposeWeightAxes(attributes.layout as Layout).out,
    },
  },
  check: [
    fourAxes,
    [
      "weights have four known sizes",
      ({ weights }) => weights.type.shape.length === 4 && weights.type.shape.every((size) => typeof size === "number"),
    ],
    [
      "the weights have one slice for each channel of x",
      ({ x, weights }, { layout }) =>
        mayEqual(x.type.shape[spatialAxes(layout).channels], weights.type.shape[transposeWeightAxes(layout).in]),
    ],
    [
      "groups divide the channels of x",
      ({ weights }, { groups, layout }) =>
        (weights.type.shape[transposeWeightAxes(layout).in] as number) % groups === 0,
    ],
    [
      "bias has one number for each output channel",
      ({ weights, bias }, { groups, layout }) =>
        bias === undefined ||
        (bias.type.shape.length === 1 && mayEqual(bias.type.shape[0], channelsOf(weights.type.shape, groups, layout))),
    ],
  ],
  infer: ({ x, weights }, { outputSize: [height, width], groups, layout }) => ({
    dtype: x.type.dtype,
    shape: imageShape(layout, [x.type.shape[0], height, width, channelsOf(weights.type.shape, groups, layout)]),
  }),
  macs: ({ x, weights }, _, { layout }) =>
    knownCount([...x.type.shape, ...weights.type.shape.toSpliced(transposeWeightAxes(layout).in, 1)]),
  transposed({ bias }, { layout, ...rest }, permutation) {
    const flipped = flippedLayout(layout, permutation);
    if (flipped === undefined) return undefined;
    return {
      attributes: { ...rest, layout: flipped },
      inputs: [permutation, flipped === "last" ? [1, 2, 3, 0] : [3, 0, 1, 2], ...(bias ? [undefined] : [])],
      outputs: [permutation],
    };
  },
  evaluate({ x, weights, bias }, attributes, [output]) {
    const shape = output.shape as readonly number[];
    const full = scatter(x, weights, attributes, shape);
    const offsets = bias && numbersOf(bias);
    const [low, high] = activationRanges[attributes.activation];
    const { channel, channels } = imageStrides(shape, attributes.layout);
    for (let at = 0; at < full.length; at++) {
      const offset = offsets ? offsets[Math.floor(at / channel) % channels] : 0;
      full[at] = Math.min(high, Math.max(low, full[at] + offset));
    }
    return fromNumbers(output.dtype, shape, full);
  },
  samples: [
    {
      name: "kernel copied by each element",
      attributes: {
        stride: [2, 2],
        dilation: [1, 1],
        padding: [0, 0, 0, 0],
        outputSize: [2, 4],
        groups: 1,
        layout: "last",
        activation: "none",
      },
      inputs: [
        f32([[[[1], [10]]]]),
        f32([
          [
            [[1], [2]],
            [[3], [4]],
          ],
        ]),
      ],
      outputs: [
        f32([
          [
            [[1], [2], [10], [20]],
            [[3], [4], [30], [40]],
          ],
        ]),
      ],
    },
    {
      name: "overlap, crop, bias and ReLU",
      attributes: {
        stride: [1, 1],
        dilation: [1, 1],
        padding: [0, 1, 0, 0],
        outputSize: [1, 3],
        groups: 1,
        layout: "last",
        activation: "relu",
      },
      inputs: [f32([[[[1], [2], [3]]]]), f32([[[[1], [-2]]]]), f32([1])],
      outputs: [f32([[[[1], [0], [0]]]])],
    },
    {
      name: "two groups, channels first",
      attributes: {
        stride: [1, 1],
        dilation: [1, 2],
        padding: [0, 0, 0, 0],
        outputSize: [1, 3],
        groups: 2,
        layout: "first",
        activation: "none",
      },
      inputs: [f32([[[[2]], [[3]]]]), f32([[[[1, 5]]], [[[10, 20]]]])],
      outputs: [f32([[[[2, 0, 10]], [[30, 0, 60]]]])],
    },
  ],
});

/** Sums of products for every output element of `shape`, without bias. */
function scatter(
  x: Tensor,
  weights: Tensor,
  { stride, dilation, padding, groups, layout }: Scattering,
  shape: readonly number[],
): Float64Array {
  const target = zeros("f64", shape).data as Float64Array;
  const [source, filter] = [numbersOf(x), numbersOf(weights)];
  const [from, to] = [imageStrides(x.shape, layout), imageStrides(shape, layout)];
  const step = weightStrides(weights.shape, layout);
  const { out, height, width } = transposeWeightAxes(layout);
  const [perGroup, kernelHeight, kernelWidth] = [weights.shape[out], weights.shape[height], weights.shape[width]];
  for (let at = 0; at < source.length; at++) {
    const c = Math.floor(at / from.channel) % from.channels;
    const oy = (Math.floor(at / from.row) % from.height) * stride[0] - padding[0];
    const ox = (Math.floor(at / from.column) % from.width) * stride[1] - padding[1];
    const first = Math.floor((c * groups) / from.channels) * perGroup;
    const origin = Math.floor(at / from.batch) * to.batch + first * to.channel;
    for (let ky = 0; ky < kernelHeight; ky++) {
      const y = oy + ky * dilation[0];
      if (y < 0 || y >= to.height) continue;
      for (let kx = 0; kx < kernelWidth; kx++) {
        const column = ox + kx * dilation[1];
        if (column < 0 || column >= to.width) continue;
        let sum = origin + y * to.row + column * to.column;
        let weight = c * step.in + ky * step.row + kx * step.column;
        for (let o = 0; o < perGroup; o++, sum += to.channel, weight += step.out)
          target[sum] += source[at] * filter[weight];
      }
    }
  }
  return target;
}

interface Scattering {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly groups: number;
  readonly layout: Layout;
}
