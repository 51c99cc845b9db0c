import type { Value } from "@millrace/ir";
import type { OpName } from "@millrace/ops";
import {
  type Call,
  type ImageValue,
  imageInput,
  input,
  integerInput,
  invalid,
  neededOptions,
  optionsOf,
  statedShape,
} from "./call.ts";
import { finish } from "./emit.ts";
import { activationOf, type Importer, takes } from "./importer.ts";
import { biasInput, depthwiseWeights, refuseHybrid, refuseOtherHybrid } from "./weights.ts";

type Pair = readonly [number, number];

/** A window that slides over some axes. */
interface Window {
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
}

/** Padding before the axes, then behind them, that SAME or VALID stands for; SAME puts an odd element at the end. */
export function explicitPadding(padding: "SAME" | "VALID", { size, kernel, stride, dilation }: Window): number[] {
  if (padding === "VALID") return new Array(2 * size.length).fill(0);
  const totals = size.map((length, axis) => {
    const reach = dilation[axis] * (kernel[axis] - 1) + 1;
    return Math.max(0, (Math.ceil(length / stride[axis]) - 1) * stride[axis] + reach - length);
  });
  const before = totals.map((total) => Math.floor(total / 2));
  return [...before, ...totals.map((total, axis) => total - before[axis])];
}

export const convolution = takes(2, 3, (call) => {
  const [x, weights] = [imageInput(call, 0), imageInput(call, 1)];
  refuseOtherHybrid(call, x, weights);
  const channels = weights.type.shape[3];
  finish(call, "conv2d", [x, weights, biasInput(call, 2, x, weights)], {
    ...windowAttributes(call, neededOptions(call, "Conv2DOptions"), x, weights),
    groups: channels > 0 ? Math.floor(x.type.shape[3] / channels) : 0,
  });
});

export const depthwiseConvolution = takes(2, 3, (call) => {
  const [x, weights] = [imageInput(call, 0), depthwiseWeights(call, 1)];
  refuseOtherHybrid(call, x, weights);
  finish(call, "conv2d", [x, weights, biasInput(call, 2, x, weights)], {
    ...windowAttributes(call, neededOptions(call, "DepthwiseConv2DOptions"), x, weights),
    groups: x.type.shape[3],
  });
});

interface ConvolutionOptions {
  readonly padding: "SAME" | "VALID";
  readonly strideH: number;
  readonly strideW: number;
  readonly dilationHFactor: number;
  readonly dilationWFactor: number;
  readonly fusedActivationFunction: string;
}

function windowAttributes(call: Call, options: ConvolutionOptions, x: ImageValue, weights: Value) {
  const stride: Pair = [options.strideH, options.strideW];
  const dilation: Pair = [options.dilationHFactor, options.dilationWFactor];
  const [, height, width] = x.type.shape;
  const [, kernelHeight, kernelWidth] = weights.type.shape as readonly number[];
  const window = { size: [height, width], kernel: [kernelHeight, kernelWidth], stride, dilation } as const;
  return {
    stride,
    dilation,
    padding: explicitPadding(options.padding, window),
    layout: "last",
    activation: activationOf(call, options.fusedActivationFunction),
  };
}

/**
 * The operand `output_shape` rules, or where it is computed, what the file states; padding is what SAME or VALID crops from
 * the full result.
 */
export const transposedConvolution = takes(3, 4, (call) => {
  const outputShape = input(call, 0).constant ? integerInput(call, 0) : statedShape(call);
  const [weights, x] = [imageInput(call, 1), imageInput(call, 2)];
  refuseHybrid(call, x, weights);
  const options = neededOptions(call, "TransposeConvOptions");
  const [batch, height, width, channels] = outputShape;
  if (outputShape.length !== 4 || batch !== x.type.shape[0] || channels !== weights.type.shape[0]) {
    invalid(call, `its output shape [${outputShape}] does not fit its operands`);
  }
  const kernel: Pair = [weights.type.shape[1], weights.type.shape[2]];
  const stride: Pair = [options.strideH, options.strideW];
  const before = explicitPadding(options.padding, { size: [height, width], kernel, stride, dilation: [1, 1] });
  const after = [height, width].map((length, axis) =>
    Math.max(0, (x.type.shape[axis + 1] - 1) * stride[axis] + kernel[axis] - before[axis] - length),
  );
  finish(call, "transposeConv2d", [x, weights, biasInput(call, 3, x, weights)], {
    stride,
    dilation: [1, 1],
    padding: [before[0], before[1], ...after],
    outputSize: [height, width],
    groups: 1,
    layout: "last",
    activation: activationOf(call, options.fusedActivationFunction),
  });
});

/** Pooling; TFLite's mean never counts padding. */
function pool(op: OpName, extra: Readonly<Record<string, boolean | readonly number[]>>): Importer {
  return takes(1, 1, (call) => {
    const x = imageInput(call, 0);
    const options = neededOptions(call, "Pool2DOptions");
    const kernel: Pair = [options.filterHeight, options.filterWidth];
    const stride: Pair = [options.strideH, options.strideW];
    const [, height, width] = x.type.shape;
    finish(call, op, [x], {
      kernel,
      stride,
      padding: explicitPadding(options.padding, { size: [height, width], kernel, stride, dilation: [1, 1] }),
      ...extra,
      layout: "last",
      activation: activationOf(call, options.fusedActivationFunction),
    });
  });
}

export const averagePool = pool("averagePool2d", { countPadding: false });
export const l2Pool = pool("l2Pool2d", {});
export const maxPool = pool("maxPool2d", { dilation: [1, 1] });

/** TFLite's sum ends before the channel at the radius. */
export const localResponseNormalization = takes(1, 1, (call) => {
  const { radius, bias, alpha, beta } = neededOptions(call, "LocalResponseNormalizationOptions");
  finish(call, "localResponseNormalization", [imageInput(call, 0)], {
    before: radius,
    after: radius - 1,
    bias,
    alpha,
    beta,
    layout: "last",
  });
});

interface ResizeOptions {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

function resize(call: Call, mode: "bilinear" | "nearest", options: ResizeOptions | undefined): void {
  const { alignCorners = false, halfPixelCenters = false } = options ?? {};
  const size = integerInput(call, 1);
  if (alignCorners && halfPixelCenters) invalid(call, "it aligns corners and centers at once");
  const floored = mode === "nearest" && !alignCorners && !halfPixelCenters;
  finish(call, "resize", [imageInput(call, 0)], {
    mode,
    size,
    coordinates: alignCorners ? "alignCorners" : halfPixelCenters ? "halfPixel" : "asymmetric",
    nearestRounding: floored ? "floor" : "roundPreferCeil",
    layout: "last",
  });
}

export const resizeBilinear = takes(2, 2, (call) => resize(call, "bilinear", optionsOf(call, "ResizeBilinearOptions")));
export const resizeNearest = takes(2, 2, (call) =>
  resize(call, "nearest", optionsOf(call, "ResizeNearestNeighborOptions")),
);

/** DEPTH_TO_SPACE and its inverse. */
function blocks(op: OpName, kind: "DepthToSpaceOptions" | "SpaceToDepthOptions"): Importer {
  return takes(1, 1, (call) => {
    const block = neededOptions(call, kind).blockSize;
    finish(call, op, [imageInput(call, 0)], { block, layout: "last", order: "depthFirst" });
  });
}

export const depthToSpace = blocks("depthToSpace", "DepthToSpaceOptions");
export const spaceToDepth = blocks("spaceToDepth", "SpaceToDepthOptions");
