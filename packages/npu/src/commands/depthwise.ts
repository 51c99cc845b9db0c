import type { Region } from "../region.ts";
import { asTheyAre, defineCommand, overheadsOf } from "./command.ts";
import { arrayForElements, elementFields, elementProblems } from "./elements.ts";
import { scalingFields, scalingOf, scalingProblems, scalingReads } from "./scaling.ts";
import {
  slide,
  type WindowFields,
  windowFields,
  windowProblems,
  windowReads,
  windowTiling,
  windowWrites,
} from "./window.ts";

/**
 * A convolution in which each channel of the data has `channels / depth` filters of its own. Weights are [tap, channel].
 *
 * Cycles: a pipeline multiplies one tap of its channel, or as many as it has depthwise lanes; with 16-bit data by as much fewer as these leave it lanes.
 */
export const depthwise = defineCommand({
  name: "depthwise",
  code: 2,
  fields: [...windowFields, ...elementFields, "weights", "inputZero", ...scalingFields],
  addresses: ["input", "output", "weights", "parameters"],
  problems: (fields) => [
    ...windowProblems(fields),
    ...elementProblems(fields, [fields.input], [fields.output]),
    ...scalingProblems(fields),
    ...(fields.channels % fields.depth === 0 ? [] : ["channels is no multiple of depth"]),
  ],
  reads: (fields) => [
    windowReads(fields, fields.elementBytes),
    weightRegion(fields),
    scalingReads(fields, fields.firstChannel, fields.count),
  ],
  writes: (fields) => [windowWrites(fields, fields.resultBytes)],
  inLine: { takes: true, gives: true },
  work(fields, { array, ports }, overheads, flow = asTheyAre) {
    const { rows, outputWidth, count, kernelHeight, kernelWidth, elementBytes, resultBytes } = fields;
    const { lanes } = arrayForElements(array, elementBytes);
    const results = outputWidth * resultBytes * flow.written;
    const jobs = rows * Math.ceil(count / array.pipelines);
    const taps = kernelHeight * kernelWidth;
    const macs = rows * outputWidth * count * taps;
    const rate = (array.depthwiseLanes * lanes) / array.lanes;
    const steps = Math.max(1, flow.read) * Math.ceil(taps / rate);
    return {
      macs,
      least: { array: macs / (array.cores * array.pipelines * rate), weights: 0, data: 0 },
      busy: Math.ceil(jobs / array.cores) * outputWidth * steps,
      boundBy: "array",
      beats: jobs * (outputWidth * steps + overheads.writeBack * results + (taps * array.pipelines) / ports.weights),
      ...overheadsOf(jobs, results, overheads),
    };
  },
  tiling: (fields) => windowTiling(fields, fields),
  execute(fields, memory) {
    const { input, output, height, width, depth, outputHeight, outputWidth, channels } = fields;
    const { firstChannel, count, inputZero } = fields;
    const finish = scalingOf(fields, memory, firstChannel, count);
    const { address, bytes } = weightRegion(fields);
    const weights = memory.integersOf(address, bytes);
    const source = memory.elementsOf(input, height * width * depth, fields.elementBytes);
    const target = memory.elementsOf(output, outputHeight * outputWidth * channels, fields.resultBytes);
    const multiple = channels / depth;
    const sums = fields.sumBytes === 8 ? new Float64Array(count) : new Int32Array(count);
    const sourceOf = Int32Array.from({ length: count }, (_, index) => Math.floor((firstChannel + index) / multiple));
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
