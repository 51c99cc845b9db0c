import type { Node, Value } from "@millrace/ir";
import { affineOf, convolutionScaling } from "@millrace/runtime";
import { depthwise } from "../commands/depthwise.ts";
import { attributesOf, emitConvolution, refuseWeights, refuseWindow } from "./emit-convolution.ts";
import { firstOf, type Lowering, placeBehind, type Writer } from "./lowering.ts";
import { writeMoves } from "./movement.ts";
import { scalingFieldsOf, scalingPartsOf } from "./scaling.ts";
import { elementsOf, imageWindow, isDepthwise, refuseNumbers, sizesOf } from "./shared-rules.ts";

/** Published limit of kernels, strides and dilations. */
const greatestStep = 4096;

export const convolution: Lowering = {
  refuse(node, machine) {
    const [x, weights] = node.inputs as [Value, Value];
    const refusal = refuseNumbers(node, machine) ?? refuseWeights(node);
    if (refusal) return refusal;
    const { stride, dilation, layout } = attributesOf(node);
    const [, kernelHeight, kernelWidth, depth] = sizesOf(weights);
    const steps = [kernelHeight, kernelWidth, ...stride, ...dilation];
    const rule = firstOf(
      [layout !== "last", "its data are channel-first"],
      [sizesOf(x)[0] !== 1, "it has more than one sample"],
      [steps.some((size) => size > greatestStep), `a step is above ${greatestStep}`],
    );
    if (rule !== undefined || isDepthwise(node)) return rule;
    return refuseWindow({ kernelHeight, kernelWidth, depth }, machine.array);
  },
  write(node, writer) {
    const { groups } = attributesOf(node);
    (isDepthwise(node) ? writeDepthwise : groups === 1 ? writeConvolution : writeGroups)(node, writer);
  },
};

/** Fields of the window of a convolution, whole. */
function windowOf(node: Node, writer: Writer) {
  const [x, weights] = node.inputs as [Value, Value];
  const kernel = sizesOf(weights).slice(1, 3);
  const window = imageWindow(node, writer, { ...attributesOf(node), kernel });
  return { ...window, ...elementsOf(node), inputZero: affineOf(x, node).zeroPoint };
}

function writeConvolution(node: Node, writer: Writer): void {
  const window = windowOf(node, writer);
  const filters = node.inputs[1]!.constant!.data as Int8Array;
  const scaling = scalingFieldsOf(node, convolutionScaling(node, writer.context), writer);
  emitConvolution(writer, window, filters, scaling);
}

/** A convolution for each group, on the channels of the group moved together; its results lie between those of the others. */
function writeGroups(node: Node, writer: Writer): void {
  const { groups } = attributesOf(node);
  const window = windowOf(node, writer);
  const [depth, count] = [window.depth / groups, window.channels / groups];
  const filters = node.inputs[1]!.constant!.data as Int8Array;
  const pixels = window.height * window.width;
  const { elementBytes, resultBytes } = window;
  const bytes = depth * pixels * elementBytes;
  const apart = writer.scratch(bytes * groups);
  const blocks = Array.from({ length: groups }, (_, group) => ({
    first: group * depth,
    length: depth,
    runs: pixels,
    step: window.depth,
    to: group * depth * pixels,
  }));
  writeMoves(writer, { first: 0, count: window.depth * pixels }, window.input, apart, blocks, elementBytes);
  const scalings = scalingPartsOf(node, convolutionScaling(node, writer.context), writer, groups);
  for (const [group, scaling] of scalings.entries()) {
    const input = placeBehind(apart, group * bytes);
    const output = placeBehind(window.output, group * count * resultBytes);
    const length = filters.length / groups;
    const own = filters.subarray(group * length, (group + 1) * length);
    emitConvolution(writer, { ...window, input, depth, output, count }, own, scaling);
  }
}

function writeDepthwise(node: Node, writer: Writer): void {
  const weights = node.inputs[1]!;
  const window = windowOf(node, writer);
  const { channels, kernelHeight, kernelWidth } = window;
  const taps = kernelHeight * kernelWidth;
  const filters = weights.constant!.data as Int8Array;
  const byTap = new Int8Array(filters.length);
  for (let channel = 0; channel < channels; channel++)
    for (let tap = 0; tap < taps; tap++) byTap[tap * channels + channel] = filters[channel * taps + tap];
  writer.emit(depthwise, {
    ...window,
    weights: writer.constant(byTap),
    ...scalingFieldsOf(node, convolutionScaling(node, writer.context), writer),
  });
}
