import type { Region } from "../region.ts";
import { asTheyAre, defineCommand, overheadsOf } from "./command.ts";
import { scalingFields, scalingOf, scalingProblems, scalingReads } from "./scaling.ts";
import { slide, type WindowFields, windowFields, windowProblems, windowReads, windowWrites } from "./window.ts";

/**
 * A convolution in which each channel of the data has `channels / depth` filters of its own. Weights are [tap, channel].
 *
 * Cycles: a pipeline multiplies one tap of its channel, or as many as it has depthwise lanes.
 */
export const depthwise = defineCommand({
  name: "depthwise",
  code: 2,
  fields: [...windowFields, "weights", "inputZero", ...scalingFields],
  addresses: ["input", "output", "weights", "parameters"],
  problems: (fields) => [
    ...windowProblems(fields),
    ...scalingProblems(fields),
    ...(fields.channels % fields.depth === 0 ? [] : ["channels is no multiple of depth"]),
  ],
  reads: (fields) => [
    windowReads(fields),
    weightRegion(fields),
    scalingReads(fields, fields.firstChannel, fields.count),
  ],
  writes: (fields) => [windowWrites(fields)],
  inLine: { takes: true, gives: true },
  work({ rows, outputWidth, count, kernelHeight, kernelWidth }, { array, ports }, overheads, flow = asTheyAre) {
    const jobs = rows * Math.ceil(count / array.pipelines);
    const taps = kernelHeight * kernelWidth;
    const macs = rows * outputWidth * count * taps;
    const steps = flow.read * Math.ceil(taps / array.depthwiseLanes);
    return {
      macs,
      least: { array: macs / (array.cores * array.pipelines * array.depthwiseLanes), weights: 0, data: 0 },
      busy: Math.ceil(jobs / array.cores) * outputWidth * steps,
      boundBy: "array",
      beats:
        jobs * (outputWidth * (steps + overheads.writeBack * flow.written) + (taps * array.pipelines) / ports.weights),
      ...overheadsOf(jobs, outputWidth * flow.written, overheads),
    };
  },
  execute(fields, memory) {
    const { input, output, height, width, depth, outputHeight, outputWidth, channels } = fields;
    const { firstChannel, count, inputZero } = fields;
    const finish = scalingOf(fields, memory, firstChannel, count);
    const { address, bytes } = weightRegion(fields);
    const weights = memory.integersOf(address, bytes);
    const source = memory.integersOf(input, height * width * depth);
    const target = memory.integersOf(output, outputHeight * outputWidth * channels);
    const multiple = channels / depth;
    const sums = new Int32Array(count);
    const sourceOf = Int32Array.from(sums, (_, index) => Math.floor((firstChannel + index) / multiple));
    slide(
      fields,
      (at, tap) => {
        const from = tap * channels + firstChannel;
        for (let index = 0; index < count; index++)
          sums[index] += (source[at + sourceOf[index]] - inputZero) * weights[from + index];
      },
      (at) => {
        for (let index = 0; index < count; index++)
          target[at + firstChannel + index] = finish(sums[index], firstChannel + index);
        sums.fill(0);
      },
    );
  },
});

function weightRegion({
  weights,
  kernelHeight,
  kernelWidth,
  channels,
}: WindowFields & { readonly weights: number }): Region {
  return { address: weights, bytes: kernelHeight * kernelWidth * channels };
}
