import { activationClamp, affineOf, integersOf, type KernelFactory, resultOf } from "./kernel.ts";
import { channelsLast } from "./layout.ts";
import { slideWindow, type Window } from "./window.ts";

/** Mean of stored integers under each window, halves rounded away from zero. */
export const integerAveragePool: KernelFactory = channelsLast((node) => {
  const window = { ...(node.attributes as unknown as Window), dilation: [1, 1] };
  const { countPadding } = node.attributes;
  const { zeroPoint } = affineOf(node.inputs[0], node);
  const [low, high] = activationClamp(affineOf(node.outputs[0], node), node);
  const area = window.kernel[0] * window.kernel[1];
  return ([x], [type]) => {
    const source = integersOf(x);
    const { tensor, data } = resultOf(type);
    const sums = new Int32Array(tensor.shape[3]);
    let count = 0;
    slideWindow(
      x!.shape,
      tensor.shape,
      window,
      (first) => {
        for (let channel = 0; channel < sums.length; channel++) sums[channel] += source[first + channel];
        count++;
      },
      (at) => {
        const divisor = countPadding ? area : count;
        const padded = zeroPoint * (divisor - count);
        const half = divisor >> 1;
        for (let channel = 0; channel < sums.length; channel++) {
          const sum = sums[channel] + padded;
          const mean = Math.trunc((sum > 0 ? sum + half : sum - half) / divisor);
          data[at + channel] = Math.max(low, Math.min(high, mean));
        }
        sums.fill(0);
        count = 0;
      },
    );
    return [tensor];
  };
});

/** Greatest stored integer under each window. */
export const integerMaxPool: KernelFactory = channelsLast((node) => {
  const window = node.attributes as unknown as Window;
  const output = affineOf(node.outputs[0], node);
  const [low, high] = activationClamp(output, node);
  return ([x], [type]) => {
    const source = integersOf(x);
    const { tensor, data } = resultOf(type);
    const greatest = new Int32Array(tensor.shape[3]).fill(output.minimum);
    slideWindow(
      x!.shape,
      tensor.shape,
      window,
      (first) => {
        for (let channel = 0; channel < greatest.length; channel++)
          greatest[channel] = Math.max(greatest[channel], source[first + channel]);
      },
      (at) => {
        for (let channel = 0; channel < greatest.length; channel++)
          data[at + channel] = Math.max(low, Math.min(high, greatest[channel]));
        greatest.fill(output.minimum);
      },
    );
    return [tensor];
  };
});
