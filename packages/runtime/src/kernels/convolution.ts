import { allocate, elementCount, fail, type Node, type Tensor, type Value } from "@millrace/ir";
import { fromValue } from "./constant.ts";
import { depthwise } from "./depthwise.ts";
import { type Finish, type FinishFactory, integerFinish, realFinish } from "./finish.ts";
import { affineOf, type Kernel, type KernelContext, type KernelFactory } from "./kernel.ts";
import { channelsLast } from "./layout.ts";
import { arrangeProducts, type Products } from "./products.ts";
import { centered } from "./scratch.ts";
import { largestOf, weightZeroPoint } from "./weights.ts";

/** A window that slides over channel-last data, and the groups of channels it is applied to. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  readonly padding: readonly number[];
  readonly groups: number;
}

/** Data and result of a convolution, channels last. */
interface Images {
  readonly source: Float64Array;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

export function windowOf(node: Node): Window {
  const { stride, dilation, padding, groups } = node.attributes as unknown as Window;
  const [, height, width] = (node.inputs[1] as Value).type.shape as readonly number[];
  return { kernel: [height, width], stride, dilation, padding, groups };
}

/** Copies the elements under the window at output (y, x) to `patch`, zero where it reaches beyond the data. */
function gather(
  patch: Float64Array,
  at: number,
  { source, from }: Images,
  window: Window,
  batch: number,
  y: number,
  x: number,
  group: number,
): void {
  const [, height, width, channels] = from;
  const depth = channels / window.groups;
  const [kernelHeight, kernelWidth] = window.kernel;
  const top = y * window.stride[0] - window.padding[0];
  const left = x * window.stride[1] - window.padding[1];
  let to = at;
  for (let ky = 0; ky < kernelHeight; ky++) {
    const row = top + ky * window.dilation[0];
    if (row < 0 || row >= height) {
      patch.fill(0, to, to + kernelWidth * depth);
      to += kernelWidth * depth;
      continue;
    }
    const start = (batch * height + row) * width;
    for (let kx = 0; kx < kernelWidth; kx++, to += depth) {
      const column = left + kx * window.dilation[1];
      if (column < 0 || column >= width) {
        for (let c = 0; c < depth; c++) patch[to + c] = 0;
      } else {
        const first = (start + column) * channels + group * depth;
        for (let c = 0; c < depth; c++) patch[to + c] = source[first + c];
      }
    }
  }
}

/** One result for every place of a window that covers a single pixel: the data's own rows are the patches. */
function pointwise({ source, to }: Images, products: Products, finish: Finish, target: Tensor["data"]): void {
  const { rows, length, stride } = products;
  const sums = new Float64Array(2 * stride);
  const pixels = elementCount(to) / rows;
  for (let pixel = 0; pixel < pixels; pixel += 2) {
    products.multiply(source, pixel * length, sums);
    finish(sums, 0, target, pixel * rows, 0, rows);
    if (pixel + 1 < pixels) finish(sums, stride, target, (pixel + 1) * rows, 0, rows);
  }
}

function sliding(images: Images, window: Window, groups: readonly Products[], finish: Finish, target: Tensor["data"]) {
  const [batches, height, width, channels] = images.to;
  const [{ rows, length, stride }] = groups;
  const patches = new Float64Array(2 * length);
  const sums = new Float64Array(2 * stride);
  const pixels = batches * height * width;
  groups.forEach((products, group) => {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const x = pixel % width;
      const y = ((pixel - x) / width) % height;
      const second = pixel % 2;
      gather(patches, second * length, images, window, Math.floor(pixel / (width * height)), y, x, group);
      if (second === 0 && pixel + 1 < pixels) continue;
      products.multiply(patches, 0, sums);
      const at = (pixel - second) * channels + group * rows;
      finish(sums, 0, target, at, group * rows, rows);
      if (second === 1) finish(sums, stride, target, at + channels, group * rows, rows);
    }
  });
}

function convolution(node: Node, context: KernelContext, finishOf: FinishFactory, zeroPoint: number): Kernel {
  const [x, weights, bias] = node.inputs as [Value, Value, Value | undefined];
  const window = windowOf(node);
  const rows = (weights.type.shape[0] as number) / window.groups;
  const length = elementCount(weights.type.shape.slice(1) as number[]);
  const zero = weightZeroPoint(weights, node);
  const arranged = fromValue(weights, (tensor) => {
    const values = Float64Array.from(tensor!.data as Float32Array, (value) => value - zero);
    return Array.from({ length: window.groups }, (_, group) =>
      arrangeProducts(values.subarray(group * rows * length, (group + 1) * rows * length), rows, length, largestOf(x)),
    );
  });
  const finishing = fromValue(bias, finishOf);
  const single =
    [...window.kernel, ...window.stride, window.groups].every((size) => size === 1) &&
    window.padding.every((size) => size === 0);
  return ([data, filter, offsets], [output]) => {
    const to = output.shape as readonly number[];
    const result = allocate(output.dtype, elementCount(to));
    const source = centered(context.scratch, data!, zeroPoint, length);
    const images = { source, from: data!.shape, to };
    const groups = arranged(filter);
    if (single) pointwise(images, groups[0], finishing(offsets), result);
    else sliding(images, window, groups, finishing(offsets), result);
    return [{ dtype: output.dtype, shape: to, data: result }];
  };
}

/** Whether every channel of the data has filters of its own only. */
function isDepthwise(node: Node): boolean {
  return (node.inputs[1] as Value).type.shape[3] === 1 && (node.attributes.groups as number) > 1;
}

function prepare(node: Node, context: KernelContext, finish: FinishFactory, zeroPoint: number): Kernel {
  return (isDepthwise(node) ? depthwise : convolution)(node, context, finish, zeroPoint);
}

/** Convolution of stored integers: sums of (weight - zero) · (x - zero), padding skipped. */
export const integerConvolution: KernelFactory = channelsLast((node, context) => {
  const channels = (node.inputs[1] as Value).type.shape[0] as number;
  const input = affineOf(node.inputs[0], node);
  const scaling = { channels, legacy: input.dtype === "u8" };
  return prepare(node, context, integerFinish(node, scaling, context), input.zeroPoint);
});

/** Convolution of float32 values in double precision. */
export const realConvolution: KernelFactory = channelsLast((node, context) => {
  const channels = (node.inputs[1] as Value).type.shape[0] as number;
  if (node.inputs.some((value) => value && value.type.dtype !== "f32")) {
    fail("runtime.element-type", `conv2d "${node.name}" mixes float and integer values without quantization.`, {
      at: { node: node.name },
      hint: "Give every integer input of the node its scale and zero point.",
    });
  }
  return prepare(node, context, realFinish(node, channels), 0);
});
