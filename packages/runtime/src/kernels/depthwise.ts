import { allocate, elementCount, type Node, type Value } from "@millrace/ir";
import { fromValue } from "./constant.ts";
import type { FinishFactory } from "./finish.ts";
import type { Kernel } from "./kernel.ts";
import type { Center } from "./scratch.ts";
import { weightZeroPoint } from "./weights.ts";
import { slideWindow, windowOf } from "./window.ts";

/** Weights [channel, tap] as [tap, channel] less their zero point, so that channels run fastest. */
function byTap(weights: ArrayLike<number>, channels: number, zeroPoint: number): Float64Array {
  const taps = weights.length / channels;
  const result = new Float64Array(weights.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let tap = 0; tap < taps; tap++) result[tap * channels + channel] = weights[channel * taps + tap] - zeroPoint;
  }
  return result;
}

/** Adds the products of one tap for all channels; each data channel feeds `multiple` output channels. */
function accumulate(
  sums: Float64Array,
  source: Float64Array,
  first: number,
  weights: Float64Array,
  at: number,
  multiple: number,
): void {
  if (multiple === 1) {
    for (let channel = 0; channel < sums.length; channel++)
      sums[channel] += source[first + channel] * weights[at + channel];
    return;
  }
  for (let channel = 0; channel < sums.length; channel++)
    sums[channel] += source[first + Math.floor(channel / multiple)] * weights[at + channel];
}

/** Convolution in which every data channel has filters of its own. */
export function depthwise(node: Node, finishOf: FinishFactory, center: Center): Kernel {
  const [, weights, bias] = node.inputs as [Value, Value, Value | undefined];
  const window = windowOf(node);
  const channels = weights.type.shape[0] as number;
  const multiple = channels / (node.attributes.groups as number);
  const zero = weightZeroPoint(weights);
  const arranged = fromValue(weights, (tensor) => byTap(tensor!.data as Float32Array, channels, zero));
  const finishing = fromValue(bias, finishOf);
  return ([data, filter, offsets], [output]) => {
    const shape = output.shape as readonly number[];
    const result = allocate(output.dtype, elementCount(shape));
    const source = center(data!, 0);
    const [taps, finish] = [arranged(filter), finishing(offsets)];
    const sums = new Float64Array(channels);
    slideWindow(
      data!.shape,
      shape,
      window,
      (first, tap) => accumulate(sums, source, first, taps, tap * channels, multiple),
      (at) => {
        finish(sums, 0, result, at, 0, channels);
        sums.fill(0);
      },
    );
    return [{ dtype: output.dtype, shape, data: result }];
  };
}
