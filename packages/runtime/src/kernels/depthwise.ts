import { allocate, elementCount, type Node, type Value } from "@millrace/ir";
import { fromValue } from "./constant.ts";

import type { Finish, FinishFactory } from "./finish.ts";
import type { Kernel, KernelContext } from "./kernel.ts";
import { centered } from "./scratch.ts";
import { weightZeroPoint } from "./weights.ts";
import { type Window, windowOf } from "./window.ts";

/** Weights [channel, tap] as [tap, channel] less their zero point, so that channels run fastest. */
function byTap(weights: ArrayLike<number>, channels: number, zeroPoint: number): Float64Array {
  const taps = weights.length / channels;
  const result = new Float64Array(weights.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let tap = 0; tap < taps; tap++) result[tap * channels + channel] = weights[channel * taps + tap] - zeroPoint;
  }
  return result;
}

/** Adds the products of one tap for all channels; each input channel feeds `multiple` output channels. */
function accumulate(
  sums: Float64Array,
  source: Float64Array,
  first: number,
  weights: Float64Array,
  at: number,
  multiple: number,
): void {
  if (multiple === 1) {
    for (let channel = 0; channel < sums.length; channel++) sums[channel] += source[first + channel] * weights[at + channel];
    return;
  }
  for (let channel = 0; channel < sums.length; channel++)
    sums[channel] += source[first + Math.floor(channel / multiple)] * weights[at + channel];
}

function slide(
  source: Float64Array,
  from: readonly number[],
  to: readonly number[],
  { kernel, stride, dilation, padding }: Window,
  weights: Float64Array,
  finish: (sums: Float64Array, at: number) => void,
): void {
  const [, height, width, depth] = from;
  const [batches, outHeight, outWidth, channels] = to;
  const sums = new Float64Array(channels);
  let at = 0;
  for (let batch = 0; batch < batches; batch++) {
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++, at += channels) {
        sums.fill(0);
        for (let ky = 0; ky < kernel[0]; ky++) {
          const row = y * stride[0] + ky * dilation[0] - padding[0];
          if (row < 0 || row >= height) continue;
          for (let kx = 0; kx < kernel[1]; kx++) {
            const column = x * stride[1] + kx * dilation[1] - padding[1];
            if (column < 0 || column >= width) continue;
            const first = ((batch * height + row) * width + column) * depth;
            accumulate(sums, source, first, weights, (ky * kernel[1] + kx) * channels, channels / depth);
          }
        }
        finish(sums, at);
      }
    }
  }
}

/** Convolution in which every input channel has filters of its own. */
export function depthwise(node: Node, context: KernelContext, finishOf: FinishFactory, zeroPoint: number): Kernel {
  const [, weights, bias] = node.inputs as [Value, Value, Value | undefined];
  const window = windowOf(node);
  const channels = weights.type.shape[0] as number;
  const zero = weightZeroPoint(weights, node);
  const arranged = fromValue(weights, (tensor) => byTap(tensor!.data as Float32Array, channels, zero));
  const finishing = fromValue(bias, finishOf);
  return ([data, filter, offsets], [output]) => {
    const to = output.shape as readonly number[];
    const result = allocate(output.dtype, elementCount(to));
    const finish: Finish = finishing(offsets);
    const source = centered(context.scratch, data!, zeroPoint);
    slide(source, data!.shape, to, window, arranged(filter), (sums, at) => finish(sums, 0, result, at, 0, channels));
    return [{ dtype: output.dtype, shape: to, data: result }];
  };
}
