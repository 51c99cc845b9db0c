import { isFloat, type Value } from "@millrace/ir";
import { type OpName, transposeTensor } from "@millrace/ops";
import {
  type Call,
  finish,
  imageInput,
  integerInput,
  invalid,
  neededOptions,
  optionalInput,
  optionsOf,
  refuse,
  step,
} from "./call.ts";
import { activationOf, type Importer, takes } from "./importer.ts";

/** 1HWO to OHW1. */
const depthwiseToRegular = [3, 1, 2, 0] as const;

type Pair = readonly [number, number];

interface Window {
  readonly size: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
}

/** Padding [top, left, bottom, right] that SAME or VALID stands for; SAME puts an odd element at the end. */
function explicitPadding(padding: "SAME" | "VALID", { size, kernel, stride, dilation }: Window): number[] {
  if (padding === "VALID") return [0, 0, 0, 0];
  const totals = size.map((length, axis) => {
    const reach = dilation[axis] * (kernel[axis] - 1) + 1;
    return Math.max(0, (Math.ceil(length / stride[axis]) - 1) * stride[axis] + reach - length);
  });
  const before = totals.map((total) => Math.floor(total / 2));
  return [...before, ...totals.map((total, axis) => total - before[axis])];
}

/** Weights as integers for real data are computed in a way of their own. */
export function refuseHybrid(call: Call, x: Value, weights: Value): void {
  if (!isFloat(x.type.dtype) || isFloat(weights.type.dtype)) return;
  const why = `its weights are ${weights.type.dtype} while its data are ${x.type.dtype} (dynamic-range quantization)`;
  refuse(call, "tflite.hybrid", why, "Convert the model in float, or quantize its activations too.");
}

export const convolution = takes(2, 3, (call) => {
  const [x, weights, bias] = [imageInput(call, 0), imageInput(call, 1), optionalInput(call, 2)];
  refuseHybrid(call, x, weights);
  const options = neededOptions(call, "Conv2DOptions");
  const channels = weights.type.shape[3];
  finish(call, "conv2d", [x, weights, bias], {
    ...windowAttributes(call, options, x, weights),
    groups: channels > 0 ? Math.floor(x.type.shape[3] / channels) : 0,
  });
});

export const depthwiseConvolution = takes(2, 3, (call) => {
  const [x, stored, bias] = [imageInput(call, 0), imageInput(call, 1), optionalInput(call, 2)];
  refuseHybrid(call, x, stored);
  const options = neededOptions(call, "DepthwiseConv2DOptions");
  const weights = regularWeights(call, stored);
  finish(call, "conv2d", [x, weights, bias], {
    ...windowAttributes(call, options, x, weights),
    groups: x.type.shape[3],
  });
});

/** Depthwise weights in the order of a convolution with as many groups as channels; made once for each constant. */
function regularWeights(call: Call, stored: ReturnType<typeof imageInput>): ReturnType<typeof imageInput> {
  const { graph, rearranged } = call.scope;
  const known = rearranged.get(stored);
  if (known) return known as ReturnType<typeof imageInput>;
  const { quantization, dtype } = stored.type;
  if (stored.type.shape[0] !== 1) invalid(call, `its weights have ${stored.type.shape[0]} rows on their first axis, not 1`);
  const moved = quantization && {
    ...quantization,
    ...(quantization.axis !== undefined && { axis: depthwiseToRegular.indexOf(quantization.axis as 0) }),
  };
  const made = stored.constant
    ? graph.addConstant(stored.name, transposeTensor(stored.constant, depthwiseToRegular), moved)
    : step(call, "transpose", [stored], { permutation: [...depthwiseToRegular] }, [{ dtype, ...(moved && { quantization: moved }) }])[0];
  rearranged.set(stored, made);
  return made as ReturnType<typeof imageInput>;
}

interface ConvolutionOptions {
  readonly padding: "SAME" | "VALID";
  readonly strideH: number;
  readonly strideW: number;
  readonly dilationHFactor: number;
  readonly dilationWFactor: number;
  readonly fusedActivationFunction: string;
}

function windowAttributes(call: Call, options: ConvolutionOptions, x: ReturnType<typeof imageInput>, weights: Value) {
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

/** The operand `output_shape` rules; padding is what SAME or VALID crops from the full result. */
export const transposedConvolution = takes(3, 4, (call) => {
  const outputShape = integerInput(call, 0);
  const [weights, x, bias] = [imageInput(call, 1), imageInput(call, 2), optionalInput(call, 3)];
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
  finish(call, "transposeConv2d", [x, weights, bias], {
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
export const maxPool = pool("maxPool2d", { dilation: [1, 1] });

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
