import {
  type Dimension,
  fromNumbers,
  mayEqual,
  numbersOf,
  type Shape,
  type Tensor,
  type Value,
  windowCount,
  zeros,
} from "@millrace/ir";
import { activationRanges } from "./activation.ts";
import { type Activation, activation, counts, positiveTriple } from "./attributes.ts";
import { defineOp, one, optional } from "./define.ts";
import { f32 } from "./literal.ts";
import { knownCount } from "./sizes.ts";

const floatOnly = { kind: "float", why: "TFLite convolves volumes in float32 only" } as const;

/** A window that moves over depth, height and width; padding is that before the three, then that behind them. */
interface Window {
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
}

const attributes = {
  stride: positiveTriple,
  dilation: positiveTriple,
  /** [front, top, left, back, bottom, right]. */
  padding: counts,
  activation,
};

/** How many places the window has along each axis of a volume [batch, depth, height, width, channels]. */
function places(volume: Shape, kernel: Shape, { stride, dilation, padding }: Window): readonly Dimension[] {
  return [0, 1, 2].map((axis) =>
    windowCount(
      volume[axis + 1],
      kernel[axis] as number,
      stride[axis],
      dilation[axis],
      padding[axis] + padding[axis + 3],
    ),
  );
}

const isKnown = (shape: Shape) => shape.length === 5 && shape.every((size) => typeof size === "number");
const sixPaddings = (_: unknown, { padding }: Window) => padding.length === 6;

/** Calls `visit` with the first element of each place of the window, of each position in the volume that it covers, and of the kernel there. */
function eachTap(
  placed: readonly number[],
  volume: readonly number[],
  kernel: readonly number[],
  { stride, dilation, padding }: Window,
  visit: (place: number, position: number, tap: number) => void,
): void {
  const axes = [0, 1, 2].map((axis) => {
    const pairs: (readonly [place: number, position: number, tap: number])[] = [];
    for (let place = 0; place < placed[axis + 1]; place++) {
      for (let tap = 0; tap < kernel[axis]; tap++) {
        const position = place * stride[axis] + tap * dilation[axis] - padding[axis];
        if (position >= 0 && position < volume[axis + 1]) pairs.push([place, position, tap]);
      }
    }
    return pairs;
  });
  for (let batch = 0; batch < placed[0]; batch++)
    for (const [d, z, i] of axes[0])
      for (const [h, y, j] of axes[1])
        for (const [w, x, k] of axes[2])
          visit(
            ((batch * placed[1] + d) * placed[2] + h) * placed[3] + w,
            ((batch * volume[1] + z) * volume[2] + y) * volume[3] + x,
            (i * kernel[1] + j) * kernel[2] + k,
          );
}

/** The sums with the bias of their channel, within the activation's range. */
function finished(
  sums: Float64Array,
  shape: readonly number[],
  bias: Tensor | undefined,
  activation: Activation,
): Tensor {
  const channels = shape[4];
  const offsets = bias && numbersOf(bias);
  const [low, high] = activationRanges[activation];
  const results = sums.map((sum, at) => Math.min(high, Math.max(low, sum + (offsets ? offsets[at % channels] : 0))));
  return fromNumbers("f32", shape, results);
}

function hasBias(bias: Value | undefined, channels: Dimension): boolean {
  return bias === undefined || (bias.type.shape.length === 1 && mayEqual(bias.type.shape[0], channels));
}

/** Cross-correlation of volumes [batch, depth, height, width, in] with weights [depth, height, width, in, out], padded with zeros. */
export const conv3d = defineOp({
  name: "conv3d",
  inputs: { x: one("f32"), weights: one("f32"), bias: optional("f32") },
  attributes,
  quantization: floatOnly,
  check: [
    [
      "x has five axes and weights have five known ones",
      ({ x, weights }) => x.type.shape.length === 5 && isKnown(weights.type.shape),
    ],
    ["there are six paddings", sixPaddings],
    ["weights take as many channels as x has", ({ x, weights }) => mayEqual(x.type.shape[4], weights.type.shape[3])],
    ["bias has one number for each output channel", ({ weights, bias }) => hasBias(bias, weights.type.shape[4])],
    [
      "the window fits the padded data",
      ({ x, weights }, window) =>
        places(x.type.shape, weights.type.shape, window).every((size) => typeof size === "string" || size > 0),
    ],
  ],
  infer: ({ x, weights }, window) => ({
    dtype: x.type.dtype,
    shape: [x.type.shape[0], ...places(x.type.shape, weights.type.shape, window), weights.type.shape[4]],
  }),
  macs: ({ weights }, output) =>
    (knownCount(output.type.shape) * knownCount(weights.type.shape)) / ((weights.type.shape[4] as number) || 1),
  transposed: () => undefined,
  evaluate({ x, weights, bias }, { activation, ...window }, [output]) {
    const shape = output.shape as readonly number[];
    const [source, filter, sums] = [numbersOf(x), numbersOf(weights), zeros("f64", shape).data as Float64Array];
    const [inputs, outputs] = [weights.shape[3], weights.shape[4]];
    eachTap(shape, x.shape, weights.shape, window, (place, position, tap) => {
      for (let input = 0; input < inputs; input++) {
        const value = source[position * inputs + input];
        const row = (tap * inputs + input) * outputs;
        for (let channel = 0; channel < outputs; channel++)
          sums[place * outputs + channel] += value * filter[row + channel];
      }
    });
    return finished(sums, shape, bias, activation);
  },
  samples: [
    {
      name: "two steps deep, padded behind, with a bias and ReLU",
      attributes: { stride: [2, 1, 1], dilation: [1, 1, 1], padding: [0, 0, 0, 1, 0, 0], activation: "relu" },
      inputs: [f32([[[[[1]]], [[[2]]], [[[3]]]]]), f32([[[[[1, -1]]]], [[[[10, 1]]]]]), f32([0.5, -4])],
      outputs: [f32([[[[[21.5, 0]]], [[[3.5, 0]]]]])],
    },
  ],
});

/** The reverse: every element adds the weights [depth, height, width, out, in], times itself, to a volume of `outputSize`, of which `padding` is cut off. */
export const transposeConv3d = defineOp({
  name: "transposeConv3d",
  inputs: { x: one("f32"), weights: one("f32"), bias: optional("f32") },
  attributes: { ...attributes, outputSize: positiveTriple },
  quantization: floatOnly,
  check: [
    [
      "x has five axes and weights have five known ones",
      ({ x, weights }) => x.type.shape.length === 5 && isKnown(weights.type.shape),
    ],
    ["there are six paddings", sixPaddings],
    ["weights take as many channels as x has", ({ x, weights }) => mayEqual(x.type.shape[4], weights.type.shape[4])],
    ["bias has one number for each output channel", ({ weights, bias }) => hasBias(bias, weights.type.shape[3])],
    [
      "a convolution of its result would give the size of x",
      ({ x, weights }, { outputSize, ...window }) =>
        places([1, ...outputSize, 1], weights.type.shape, window).every((size, axis) =>
          mayEqual(size, x.type.shape[axis + 1]),
        ),
    ],
  ],
  infer: ({ x, weights }, { outputSize }) => ({
    dtype: x.type.dtype,
    shape: [x.type.shape[0], ...outputSize, weights.type.shape[3]],
  }),
  macs: ({ x, weights }) =>
    (knownCount(x.type.shape) * knownCount(weights.type.shape)) / ((weights.type.shape[4] as number) || 1),
  transposed: () => undefined,
  evaluate({ x, weights, bias }, { activation, ...window }, [output]) {
    const shape = output.shape as readonly number[];
    const [source, filter, sums] = [numbersOf(x), numbersOf(weights), zeros("f64", shape).data as Float64Array];
    const [outputs, inputs] = [weights.shape[3], weights.shape[4]];
    eachTap(x.shape, shape, weights.shape, window, (place, position, tap) => {
      for (let channel = 0; channel < outputs; channel++) {
        const row = (tap * outputs + channel) * inputs;
        let sum = 0;
        for (let input = 0; input < inputs; input++) sum += source[place * inputs + input] * filter[row + input];
        sums[position * outputs + channel] += sum;
      }
    });
    return finished(sums, shape, bias, activation);
  },
  samples: [
    {
      name: "every second place, two deep",
      attributes: {
        stride: [1, 1, 2],
        dilation: [1, 1, 1],
        padding: [0, 0, 0, 0, 0, 0],
        activation: "none",
        outputSize: [2, 1, 3],
      },
      inputs: [f32([[[[[1], [2]]]]]), f32([[[[[1]]]], [[[[10]]]]]), f32([0.5])],
      outputs: [f32([[[[[1.5], [0.5], [2.5]]], [[[10.5], [0.5], [20.5]]]]])],
    },
  ],
});
