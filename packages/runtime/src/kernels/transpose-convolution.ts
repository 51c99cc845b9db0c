import { allocate, elementCount, type Node, type Value } from "@millrace/ir";
import { fromValue } from "./constant.ts";
import { integerFinish, type Scaling, scalingKind } from "./finish.ts";
import { affineOf, type KernelContext, type KernelFactory } from "./kernel.ts";
import { channelsLast } from "./layout.ts";
import { arrangeProducts, type Products } from "./products.ts";
import { centered, centeredCopy } from "./scratch.ts";
import { largestOf, weightZeroPoint } from "./weights.ts";
import { type Window, windowOf } from "./window.ts";

/** Columns first, first + 1, … of a matrix with `width` columns. */
function columnsOf(matrix: Float64Array, width: number, first: number, count: number): Float64Array {
  const result = new Float64Array((matrix.length / width) * count);
  for (let at = 0, from = first; at < result.length; at += count, from += width)
    result.set(matrix.subarray(from, from + count), at);
  return result;
}

/** Sums of the products of every data pixel with every tap, added where the tap lands; shapes are NHWC. */
function scatter(
  source: Float64Array,
  from: readonly number[],
  sums: Float64Array,
  to: readonly number[],
  groups: readonly Products[],
  { kernel, stride, dilation, padding }: Window,
): void {
  const [batches, height, width, channels] = from;
  const [, outHeight, outWidth, outChannels] = to;
  const [{ length, stride: apart }] = groups;
  const perGroup = outChannels / groups.length;
  const data = new Float64Array(2 * length);
  const products = new Float64Array(2 * apart);
  for (let pixel = 0; pixel < batches * height * width; pixel++) {
    const x = pixel % width;
    const y = ((pixel - x) / width) % height;
    const batch = Math.floor(pixel / (width * height));
    for (let group = 0; group < groups.length; group++) {
      const first = pixel * channels + group * length;
      data.set(source.subarray(first, first + length));
      groups[group].multiply(data, 0, products);
      for (let tap = 0; tap < kernel[0] * kernel[1]; tap++) {
        const row = y * stride[0] + Math.floor(tap / kernel[1]) * dilation[0] - padding[0];
        const column = x * stride[1] + (tap % kernel[1]) * dilation[1] - padding[1];
        if (row < 0 || row >= outHeight || column < 0 || column >= outWidth) continue;
        const at = ((batch * outHeight + row) * outWidth + column) * outChannels + group * perGroup;
        for (let o = 0; o < perGroup; o++) sums[at + o] += products[o * kernel[0] * kernel[1] + tap];
      }
    }
  }
}

/** The scaling of transposed convolutions. */
export function transposedScaling(node: Node, { flavor }: KernelContext): Scaling {
  const [x, weights] = node.inputs as [Value, Value];
  const channels = (weights.type.shape[0] as number) * (node.attributes.groups as number);
  return { channels, kind: scalingKind(affineOf(x, node)), narrow: flavor === "tflite" };
}

/** Transposed convolution of stored integers. */
export const integerTransposeConvolution: KernelFactory = channelsLast((node, context) => {
  const [x, weights, bias] = node.inputs as [Value, Value, Value | undefined];
  const window = windowOf(node as Node);
  const groups = node.attributes.groups as number;
  const [perGroup, height, width, depth] = weights.type.shape as readonly number[];
  const channels = perGroup * groups;
  const input = affineOf(x, node);
  const zero = weightZeroPoint(weights);
  const arranged = fromValue(weights, (tensor) => {
    const count = depth / groups;
    const matrix = centeredCopy(tensor!.data, zero);
    return Array.from({ length: groups }, (_, group) =>
      arrangeProducts(columnsOf(matrix, depth, group * count, count), perGroup * height * width, count, largestOf(x)),
    );
  });
  const finishing = fromValue(bias, integerFinish(node, transposedScaling(node, context), context));
  return ([data, filter, offsets], [output]) => {
    const shape = output.shape as readonly number[];
    const result = allocate(output.dtype, elementCount(shape));
    const sums = new Float64Array(result.length);
    scatter(centered(context.scratch, data!, input.zeroPoint), data!.shape, sums, shape, arranged(filter), window);
    const finish = finishing(offsets);
    for (let at = 0; at < sums.length; at += channels) finish(sums, at, result, at, 0, channels);
    return [{ dtype: output.dtype, shape, data: result }];
  };
});
