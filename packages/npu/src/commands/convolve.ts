import { blocksOfGroup, decompressWeights, type WeightGroups } from "../compression.ts";
import type { DotProductArray, Machine } from "../machine.ts";
import type { Region } from "../region.ts";
import type { SimulatedMemory } from "../simulator/memory.ts";
import { packedBytes, packedSteps, unpackWeights } from "../weights.ts";
import { asTheyAre, defineCommand, type Flow, overheadsOf, type Part } from "./command.ts";
import { arrayForElements, elementFields, elementProblems } from "./elements.ts";
import { mappings } from "./mappings.ts";
import { recordBytesOf, scalingFields, scalingOf, scalingProblems, scalingReads } from "./scaling.ts";
import {
  mostTaps,
  tapsOf,
  type WindowFields,
  windowFields,
  windowProblems,
  windowReads,
  windowTiling,
  windowWrites,
} from "./window.ts";

type Fields = WindowFields &
  Readonly<
    Record<"weights" | "weightBytes" | "inputZero" | "mapping" | "joined" | "elementBytes" | "resultBytes", number>
  >;

/**
 * A convolution, or a fully connected layer as one of one pixel: some rows and channels of the result. Weights come in blocks of a dot
 * product's lanes for each pipeline (`packWeights`); the first channel is that of a block. Where `weightBytes` is not 0, the blocks of the channels that are
 * computed, and only these, are compressed to so many bytes (`compressWeights`), of which the array takes in what its port gives, a block of them in a cycle at most.
 *
 * Cycles: mapped by depth, the pipelines are output channels that share the data; a job is one row and one group of channels and streams its
 * weights again, so that a narrow row waits for them; where the cache holds a group's weights, the rows of a group follow one another and stream them once.
 * Mapped by line, the pipelines are pixels of a row that share the weights; a job is one group of pixels and streams their windows again, so that few
 * channels wait for them; where the cache holds the lines that the windows cover, only these. Where rows are `joined`, all are one in either mapping.
 * What comes anew with every step, the lanes of data by depth and those of weights by line, sets the pace where its port is narrower.
 */
export const convolve = defineCommand({
  name: "convolve",
  code: 1,
  fields: [
    ...windowFields,
    ...elementFields,
    "weights",
    "weightBytes",
    "inputZero",
    ...scalingFields,
    "mapping",
    "joined",
  ],
  addresses: ["input", "output", "weights", "parameters"],
  problems: (fields) => [
    ...windowProblems(fields),
    ...elementProblems(fields, [fields.input], [fields.output]),
    ...scalingProblems(fields),
    ...(tapsOf(fields) * fields.depth > mostTaps ? ["it would take hours"] : []),
    ...(fields.weightBytes >= 0 ? [] : ["weightBytes is negative"]),
    ...(fields.mapping in Object.values(mappings) ? [] : [`mapping ${fields.mapping} is not known`]),
    ...(fields.joined > 1 ? [`joined ${fields.joined} is not known`] : []),
  ],
  reads: (fields, { array }) => [
    windowReads(fields, fields.elementBytes),
    weightRegion(fields, array),
    scalingReads(fields, fields.firstChannel, fields.count),
  ],
  writes: (fields) => [windowWrites(fields, fields.resultBytes)],
  inLine: { takes: true, gives: true },
  work(fields, machine, overheads, flow = asTheyAre) {
    const { ports } = machine;
    const array = arrayForElements(machine.array, fields.elementBytes);
    const { rows, outputWidth, count, kernelHeight, kernelWidth, depth, joined, elementBytes, resultBytes } = fields;
    const isLine = fields.mapping === mappings.line;
    const [lines, pixels] = joined ? [1, rows * outputWidth] : [rows, outputWidth];
    const [inPipelines, inTurn] = isLine ? [pixels, count] : [count, pixels];
    const groups = Math.ceil(inPipelines / array.pipelines);
    const jobs = lines * groups;
    const bytes = isLine ? array.lanes * compression(fields, machine.array) : flow.read * array.lanes * elementBytes;
    const paced = Math.max(1, bytes / (isLine ? ports.weights : ports.data));
    const computing = (packedSteps(fields, array) * inTurn * paced * Math.ceil(jobs / array.cores)) / jobs;
    const { isKept, loading } = isLine ? streamedWindows(fields, machine, flow) : streamedWeights(fields, machine);
    const streams = isKept ? groups : jobs;
    const results = inTurn * resultBytes * flow.written;
    const macs = rows * outputWidth * count * kernelHeight * kernelWidth * depth;
    return {
      macs,
      least: {
        array: macs / (array.cores * array.pipelines * array.lanes),
        weights: (fields.weightBytes || count * kernelHeight * kernelWidth * depth) / ports.weights,
        data: 0,
      },
      busy: streams * Math.max(computing, loading) + (jobs - streams) * computing,
      boundBy: jobs * computing >= streams * loading ? "array" : isLine ? "data" : "weights",
      beats: streams * loading + jobs * (computing + overheads.writeBack * results),
      ...overheadsOf(jobs, results, overheads),
    };
  },
  tiling: (fields) => ({
    ...windowTiling(fields, fields),
    ...(fields.weightBytes === 0 && {
      byChannels: (count: number, { array }: Machine) => channelParts(fields, count, weightArray(fields, array)),
    }),
  }),
  execute(fields, memory, { array }) {
    const { input, output, height, width, depth, outputHeight, outputWidth, channels, firstChannel, count } = fields;
    const finish = scalingOf(fields, memory, firstChannel, count);
    const { elementBytes, resultBytes, sumBytes } = fields;
    const filters = unpackWeights(blocksOf(fields, memory, array), fields, count, weightArray(fields, array));
    const source = memory.elementsOf(input, height * width * depth, elementBytes);
    const target = memory.elementsOf(output, outputHeight * outputWidth * channels, resultBytes);
    const sumOf = sumBytes === 8 ? wideDot : dot;
    const taps = fields.kernelHeight * fields.kernelWidth;
    const patch = new Int16Array(taps * depth);
    forEachPixel(fields, source, patch, (at) => {
      for (let index = 0; index < count; index++) {
        const sum = sumOf(patch, filters, index * patch.length);
        target[at + firstChannel + index] = finish(sum, firstChannel + index);
      }
    });
  },
});

/** The convolution as about so many, each of some groups of channels. */
function channelParts(
  fields: Fields & { readonly sumBytes: number },
  parts: number,
  array: DotProductArray,
): readonly Part[] {
  const { firstChannel, count } = fields;
  const each = Math.ceil(count / array.pipelines / parts) * array.pipelines;
  return Array.from({ length: Math.ceil(count / each) }, (_, index) => {
    const first = firstChannel + index * each;
    return {
      fields: { firstChannel: 0, count: Math.min(each, firstChannel + count - first) },
      moved: {
        output: first * fields.resultBytes,
        parameters: first * recordBytesOf(fields),
        weights: packedBytes(fields, first, array),
      },
    };
  });
}

/** How long what a job needs comes in, in cycles. */
interface Streamed {
  readonly loading: number;
  /** Whether the cache keeps it for the other rows. */
  readonly isKept: boolean;
}

/** The weights of a group of channels. */
function streamedWeights(fields: Fields, { array, features, ports }: Machine): Streamed {
  const layout = weightGroups(fields, array);
  const bytes = layout.steps * layout.array.pipelines * layout.array.lanes;
  const isKept = bytes <= features.cacheBytes;
  if (fields.weightBytes === 0) return { loading: bytes / ports.weights, isKept };
  const loading = fields.weightBytes / layout.groups / ports.weights;
  return { loading: Math.max(loading, blocksOfGroup(layout)), isKept };
}

/** The windows of a group of pixels, one by one, or the lines that they cover where these are of one row and the cache keeps them. */
function streamedWindows(fields: Fields, { array, features, ports }: Machine, { read }: Flow): Streamed {
  const { kernelHeight, kernelWidth, strideX, dilationX, depth, outputWidth, joined, elementBytes } = fields;
  const pixels = Math.min(array.pipelines, outputWidth);
  const width = (pixels - 1) * strideX + (kernelWidth - 1) * dilationX + 1;
  const lines = kernelHeight * width * depth * elementBytes;
  const { lanes } = arrayForElements(array, elementBytes);
  const windows = packedSteps(fields, { ...array, lanes }) * array.pipelines * lanes * elementBytes;
  const bytes = !joined && lines <= features.cacheBytes ? Math.min(lines, windows) : windows;
  return { loading: (read * bytes) / ports.data, isKept: false };
}

/** Where the weights of the channels lie that a command computes. */
export function weightRegion(fields: Fields, array: DotProductArray): Region {
  const { weights, weightBytes, firstChannel, count } = fields;
  if (weightBytes > 0) return { address: weights, bytes: weightBytes };
  const own = weightArray(fields, array);
  const start = weights + packedBytes(fields, firstChannel, own);
  return { address: start, bytes: packedBytes(fields, count, own) };
}

/** Bytes of compressed weights for each byte of weights. */
function compression(fields: Fields, array: DotProductArray): number {
  return fields.weightBytes === 0
    ? 1
    : fields.weightBytes / packedBytes(fields, fields.count, weightArray(fields, array));
}

/** What the weights of a command are compressed by. */
export function weightGroups(fields: Fields, array: DotProductArray): WeightGroups {
  const own = weightArray(fields, array);
  const groups = Math.ceil(fields.count / own.pipelines);
  return { groups, steps: packedSteps(fields, own), array: own };
}

/** The weights as they were before they were compressed. */
function blocksOf(fields: Fields, memory: SimulatedMemory, array: DotProductArray): Int8Array {
  const { address, bytes } = weightRegion(fields, array);
  if (fields.weightBytes === 0) return memory.integersOf(address, bytes);
  return decompressWeights(memory.bytesOf(address, bytes), weightGroups(fields, array));
}

/** The array as the weights see it: with a pipeline for each channel that is computed at a time, and the lanes that the data leave it. */
export function weightArray(
  { mapping, elementBytes }: Pick<Fields, "mapping" | "elementBytes">,
  array: DotProductArray,
): DotProductArray {
  const own = arrayForElements(array, elementBytes);
  return mapping === mappings.line ? { ...own, pipelines: 1 } : own;
}

/** The exact sum of products, in 32 bits. */
function dot(patch: Int16Array, filters: Int8Array, from: number): number {
  let sum = 0;
  for (let at = 0; at < patch.length; at++) sum = (sum + Math.imul(patch[at], filters[from + at])) | 0;
  return sum;
}

/** The same in float64, which holds all sums that windows of the published size give. */
function wideDot(patch: Int16Array, filters: Int8Array, from: number): number {
  let sum = 0;
  for (let at = 0; at < patch.length; at++) sum += patch[at] * filters[from + at];
  return sum;
}

/** Fills `patch` with what each window of the command covers, less the zero point, and tells where its result's channels begin. */
function forEachPixel(
  fields: Fields,
  source: Int8Array | Int16Array,
  patch: Int16Array,
  visit: (at: number) => void,
): void {
  const { height, width, depth, outputWidth, channels, firstRow, rows, inputZero } = fields;
  const { kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, top, left } = fields;
  for (let y = firstRow; y < firstRow + rows; y++) {
    for (let x = 0; x < outputWidth; x++) {
      let to = 0;
      for (let ky = 0; ky < kernelHeight; ky++) {
        const row = y * strideY + ky * dilationY - top;
        for (let kx = 0; kx < kernelWidth; kx++, to += depth) {
          const column = x * strideX + kx * dilationX - left;
          if (row < 0 || row >= height || column < 0 || column >= width) patch.fill(0, to, to + depth);
          else {
            const from = (row * width + column) * depth;
            for (let channel = 0; channel < depth; channel++) patch[to + channel] = source[from + channel] - inputZero;
          }
        }
      }
      visit((y * outputWidth + x) * channels);
    }
  }
}
