import type { Node, Value } from "@millrace/ir";
import { affineOf, linearScaling, scalingKind } from "@millrace/runtime";
import { cyclesOf } from "../commands/command.ts";
import { convolve, mappings } from "../commands/convolve.ts";
import { depthwise } from "../commands/depthwise.ts";
import type { WindowFields } from "../commands/window.ts";
import { packWeights } from "../weights.ts";
import { firstOf, type Lowering, type Place, type Writer } from "./lowering.ts";
import { scalingFieldsOf } from "./scaling.ts";
import { refuseValues, sizesOf } from "./shared-rules.ts";

interface Attributes {
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: readonly [number, number, number, number];
  readonly groups: number;
  readonly layout: "first" | "last";
}

const attributesOf = (node: Node) => node.attributes as unknown as Attributes;

/** Published limit of kernels, strides and dilations. */
const greatestStep = 4096;
/** Published limit of the numbers of a window, with channels filled up to whole dot products. */
const greatestWindow = 65_535;

function refuseWeights(node: Node): string | undefined {
  const [, weights, bias] = node.inputs as [Value, Value, Value | undefined];
  const zeros = weights.type.quantization?.zeroPoint ?? [];
  return firstOf(
    [weights.constant === undefined, "its weights are not constant"],
    [weights.type.dtype !== "i8", `its weights are ${weights.type.dtype}; the array takes int8`],
    [zeros.some((zero) => zero !== 0), "its weights have a zero point"],
    [bias !== undefined && bias.constant === undefined, "its bias is not constant"],
    [bias !== undefined && bias.type.dtype !== "i32", "its bias is not int32"],
  );
}

export const convolution: Lowering = {
  refuse(node, { array }) {
    const [x, weights] = node.inputs as [Value, Value];
    const refusal = refuseValues(node) ?? refuseWeights(node);
    if (refusal) return refusal;
    const { stride, dilation, groups, layout } = attributesOf(node);
    const [, height, width, depth] = sizesOf(weights);
    const window = height * width * Math.ceil(depth / array.lanes) * array.lanes;
    return firstOf(
      [layout !== "last", "its data are channel-first"],
      [sizesOf(x)[0] !== 1, "it has more than one sample"],
      [groups > 1 && depth !== 1, "its channels are in groups of several"],
      [[height, width, ...stride, ...dilation].some((size) => size > greatestStep), `a step is above ${greatestStep}`],
      [groups === 1 && window > greatestWindow, `its window has ${window} numbers; the array takes ${greatestWindow}`],
    );
  },
  write(node, writer) {
    const { groups } = attributesOf(node);
    (groups === 1 ? writeConvolution : writeDepthwise)(node, writer);
  },
};

/** Fields of the window of a convolution, whole. */
function windowOf(node: Node, writer: Writer) {
  const [x, weights] = node.inputs as [Value, Value];
  const [y] = node.outputs;
  const { stride, dilation, padding } = attributesOf(node);
  const [, height, width, depth] = sizesOf(x);
  const [, outputHeight, outputWidth, channels] = sizesOf(y);
  const [, kernelHeight, kernelWidth] = sizesOf(weights);
  return {
    input: writer.placeOf(x),
    height,
    width,
    depth,
    output: writer.placeOf(y),
    outputHeight,
    outputWidth,
    channels,
    kernelHeight,
    kernelWidth,
    strideY: stride[0],
    strideX: stride[1],
    dilationY: dilation[0],
    dilationX: dilation[1],
    top: padding[0],
    left: padding[1],
    firstRow: 0,
    rows: outputHeight,
    firstChannel: 0,
    count: channels,
    inputZero: affineOf(x, node).zeroPoint,
  };
}

function writeConvolution(node: Node, writer: Writer): void {
  const [x, weights] = node.inputs as [Value, Value];
  const window = windowOf(node, writer);
  const { channels, kernelHeight, kernelWidth, strideY, strideX } = window;
  const scaling = { channels, kind: scalingKind(affineOf(x, node)), narrow: true };
  const isOnePixel = kernelHeight * kernelWidth * strideY * strideX === 1 && window.outputHeight === window.height;
  emitConvolution(
    writer,
    { ...window, ...(writer.options.joinRows && isOnePixel && asOneRow(window.outputHeight * window.outputWidth)) },
    weights.constant!.data as Int8Array,
    scalingFieldsOf(node, scaling, writer),
  );
}

type Scaled = ReturnType<typeof scalingFieldsOf>;

/** Emits a convolution mapped by depth, or by line where that is allowed and takes fewer cycles. */
function emitConvolution(
  writer: Writer,
  window: Omit<Record<(typeof convolve.fields)[number], number | Place>, keyof Scaled | "weights" | "mapping">,
  filters: Int8Array,
  scaling: Scaled,
): void {
  const { machine, options, overheads } = writer;
  const sizes = window as unknown as WindowFields;
  const cyclesBy = (mapping: number) => cyclesOf(convolve.work({ ...sizes, mapping }, machine, overheads));
  const mapping =
    options.mapByLine && cyclesBy(mappings.line) < cyclesBy(mappings.depth) ? mappings.line : mappings.depth;
  const array = mapping === mappings.line ? { ...machine.array, pipelines: 1 } : machine.array;
  const weights = writer.constant(packWeights(filters, sizes, sizes.channels, array));
  writer.emit(convolve, { ...window, weights, ...scaling, mapping });
}

/** Images of one row that have as many pixels. */
function asOneRow(pixels: number) {
  return { height: 1, width: pixels, outputHeight: 1, outputWidth: pixels, rows: 1 };
}

function writeDepthwise(node: Node, writer: Writer): void {
  const [x, weights] = node.inputs as [Value, Value];
  const window = windowOf(node, writer);
  const { channels, kernelHeight, kernelWidth } = window;
  const taps = kernelHeight * kernelWidth;
  const filters = weights.constant!.data as Int8Array;
  const byTap = new Int8Array(filters.length);
  for (let channel = 0; channel < channels; channel++)
    for (let tap = 0; tap < taps; tap++) byTap[tap * channels + channel] = filters[channel * taps + tap];
  const scaling = { channels, kind: scalingKind(affineOf(x, node)) };
  writer.emit(depthwise, {
    ...window,
    weights: writer.constant(byTap),
    ...scalingFieldsOf(node, scaling, writer),
  });
}

/** A fully connected layer, as a convolution of one row with a pixel for each row of the data. */
export const fullyConnected: Lowering = {
  refuse: (node) => refuseValues(node) ?? refuseWeights(node),
  write(node, writer) {
    const [x, weights] = node.inputs as [Value, Value];
    const [channels, depth] = sizesOf(weights);
    const pixels = sizesOf(node.outputs[0]).reduce((product, size) => product * size, 1) / channels;
    const sizes = { depth, kernelHeight: 1, kernelWidth: 1 };
    const window = {
      ...sizes,
      ...asOneRow(pixels),
      input: writer.placeOf(x),
      output: writer.placeOf(node.outputs[0]),
      channels,
      strideY: 1,
      strideX: 1,
      dilationY: 1,
      dilationX: 1,
      top: 0,
      left: 0,
      firstRow: 0,
      firstChannel: 0,
      count: channels,
      inputZero: affineOf(x, node).zeroPoint,
    };
    const scaling = scalingFieldsOf(node, linearScaling(node, writer.context), writer);
    emitConvolution(writer, window, weights.constant!.data as Int8Array, scaling);
  },
};
