import { allocate, elementCount, isFloat, type Node, type TensorData, type Value } from "@millrace/ir";
import { fromValue } from "./constant.ts";
import { depthwise } from "./depthwise.ts";
import { type Finish, type FinishFactory, integerFinish, realFinish, type Scaling, scalingKind } from "./finish.ts";
import { type DynamicKind, hybrid } from "./hybrid.ts";
import { affineOf, type Kernel, type KernelContext, type KernelFactory } from "./kernel.ts";
import { channelsLast } from "./layout.ts";
import { arrangeProducts, type Products } from "./products.ts";
import { multiplyRows } from "./rows.ts";
import { type Center, centeredCopy, centerOf } from "./scratch.ts";
import { largestOf, weightZeroPoint } from "./weights.ts";
import { type Window, windowOf } from "./window.ts";

/** Data less its zero point, and the shapes of data and result, channels last. */
interface Images {
  readonly source: Float64Array;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Copies `depth` channels from `first` on of the pixels under the window at output pixel `pixel` to `patch`, zero where it reaches beyond the data. */
function gather(
  patch: Float64Array,
  at: number,
  images: Images,
  window: Window,
  pixel: number,
  first: number,
  depth: number,
): void {
  const [, height, width, channels] = images.from;
  const [, outHeight, outWidth] = images.to;
  const { source } = images;
  const x = pixel % outWidth;
  const y = ((pixel - x) / outWidth) % outHeight;
  const batch = Math.floor(pixel / (outWidth * outHeight));
  const top = y * window.stride[0] - window.padding[0];
  const left = x * window.stride[1] - window.padding[1];
  let to = at;
  for (let ky = 0; ky < window.kernel[0]; ky++) {
    const row = top + ky * window.dilation[0];
    const start = (batch * height + row) * width;
    for (let kx = 0; kx < window.kernel[1]; kx++, to += depth) {
      const column = left + kx * window.dilation[1];
      if (row < 0 || row >= height || column < 0 || column >= width) {
        for (let c = 0; c < depth; c++) patch[to + c] = 0;
      } else {
        const from = (start + column) * channels + first;
        for (let c = 0; c < depth; c++) patch[to + c] = source[from + c];
      }
    }
  }
}

/** Gathers two windows at a time and multiplies them with the weights, group by group. */
function slide(images: Images, window: Window, groups: readonly Products[], finish: Finish, target: TensorData): void {
  const [batches, height, width, channels] = images.to;
  const [{ rows, length, stride }] = groups;
  const patches = new Float64Array(2 * length);
  const sums = new Float64Array(2 * stride);
  const pixels = batches * height * width;
  const depth = images.from[3] / groups.length;
  for (let group = 0; group < groups.length; group++) {
    for (let pixel = 0; pixel < pixels; pixel += 2) {
      const at = pixel * channels + group * rows;
      const pair = pixel + 1 < pixels;
      gather(patches, 0, images, window, pixel, group * depth, depth);
      if (pair) gather(patches, length, images, window, pixel + 1, group * depth, depth);
      groups[group].multiply(patches, 0, sums);
      finish(sums, 0, target, at, group * rows, rows);
      if (pair) finish(sums, stride, target, at + channels, group * rows, rows);
    }
  }
}

/** Whether the window covers one pixel, so that the data's own rows are the patches. */
function coversOnePixel({ kernel, stride, padding }: Window): boolean {
  return [...kernel, ...stride].every((size) => size === 1) && padding.every((size) => size === 0);
}

function convolution(node: Node, finishOf: FinishFactory, center: Center): Kernel {
  const [x, weights, bias] = node.inputs as [Value, Value, Value | undefined];
  const window = windowOf(node);
  const groups = node.attributes.groups as number;
  const rows = (weights.type.shape[0] as number) / groups;
  const length = elementCount(weights.type.shape.slice(1) as number[]);
  const zero = weightZeroPoint(weights);
  const arranged = fromValue(weights, (tensor) => {
    const values = centeredCopy(tensor!.data, zero);
    return Array.from({ length: groups }, (_, group) =>
      arrangeProducts(values.subarray(group * rows * length, (group + 1) * rows * length), rows, length, largestOf(x)),
    );
  });
  const finishing = fromValue(bias, finishOf);
  const direct = groups === 1 && coversOnePixel(window);
  return ([data, filter, offsets], [output]) => {
    const to = output.shape as readonly number[];
    const result = allocate(output.dtype, elementCount(to));
    const source = center(data!, length);
    const products = arranged(filter);
    const finish = finishing(offsets);
    if (direct) multiplyRows(source, 0, result.length / rows, products[0], finish, result, 0);
    else slide({ source, from: data!.shape, to }, window, products, finish, result);
    return [{ dtype: output.dtype, shape: to, data: result }];
  };
}

/** Whether every channel of the data has filters of its own only. */
function isDepthwise(node: Node): boolean {
  return (node.inputs[1] as Value).type.shape[3] === 1 && (node.attributes.groups as number) > 1;
}

function prepare(node: Node, finish: FinishFactory, center: Center): Kernel {
  return (isDepthwise(node) ? depthwise : convolution)(node, finish, center);
}

/** TFLite quantizes images for weights with a scale for each channel, and for depthwise ones, with a zero point. */
function dynamicKind(node: Node): DynamicKind {
  const { quantization } = (node.inputs[1] as Value).type;
  return isDepthwise(node) || (quantization && quantization.scale.length > 1) ? "asymmetric" : "symmetric";
}

/** The scaling of convolutions with integer data. */
export function convolutionScaling(node: Node, { flavor }: KernelContext): Scaling {
  const [x, weights] = node.inputs as [Value, Value];
  const narrow = flavor === "tflm" && !isDepthwise(node);
  return { channels: weights.type.shape[0] as number, kind: scalingKind(affineOf(x, node)), narrow };
}

/** Convolution of stored integers: sums of (weight - zero) · (x - zero), padding skipped. Reals meet integer weights as bytes. */
export const integerConvolution: KernelFactory = channelsLast((node, context) => {
  const [x] = node.inputs as [Value];
  if (isFloat(x.type.dtype)) {
    const { center, finish } = hybrid(node, context.scratch, dynamicKind(node), {
      data: ({ data, shape }) => data.length / shape[0],
      result: elementCount(node.outputs[0].type.shape.slice(1) as number[]),
    });
    return prepare(node, finish, center);
  }
  const finish = integerFinish(node, convolutionScaling(node, context), context);
  return prepare(node, finish, centerOf(context.scratch, affineOf(x, node).zeroPoint));
});

/** Convolution of float32 values, summed in double precision. */
export const realConvolution: KernelFactory = channelsLast((node, context) => {
  const channels = (node.inputs[1] as Value).type.shape[0] as number;
  return prepare(node, realFinish(node, channels), centerOf(context.scratch, 0));
});
