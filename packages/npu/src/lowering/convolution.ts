import type { Node, Value } from "@millrace/ir";
import { affineOf, convolutionScaling } from "@millrace/runtime";
import { depthwise } from "../commands/depthwise.ts";
import { attributesOf, emitConvolution, refuseWeights, refuseWindow } from "./emit-convolution.ts";
import { firstOf, type Lowering, placeBehind, type Writer } from "./lowering.ts";
import { movesOf } from "./movement.ts";
import { scalingFieldsOf, scalingPartsOf } from "./scaling.ts";
import { elementsOf, imageWindows, isDepthwise, refuseNumbers, refuseSamples, sizesOf } from "./shared-rules.ts";

/** Published limit of kernels, strides and dilations. */
const greatestStep = 4096;

export const convolution: Lowering = {
  refuse(node, machine) {
    const weights = node.inputs[1]!;
    const refusal = refuseNumbers(node, machine) ?? refuseSamples(node) ?? refuseWeights(node);
    if (refusal) return refusal;
    const { stride, dilation, layout } = attributesOf(node);
    const [, kernelHeight, kernelWidth, depth] = sizesOf(weights);
    const steps = [kernelHeight, kernelWidth, ...stride, ...dilation];
    const rule = firstOf(
      [layout !== "last", "its data are channel-first"],
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

/** Fields of the window of a convolution for each image. */
function windowsOf(node: Node, writer: Writer) {
  const [x, weights] = node.inputs as [Value, Value];
  const kernel = sizesOf(weights).slice(1, 3);
  const inputZero = affineOf(x, node).zeroPoint;
  const images = imageWindows(node, writer, { ...attributesOf(node), kernel });
  return images.map((window) => ({ ...window, ...elementsOf(node), inputZero }));
}

function writeConvolution(node: Node, writer: Writer): void {
  const filters = node.inputs[1]!.constant!.data as Int8Array;
  const scaling = scalingFieldsOf(node, convolutionScaling(node, writer.context), writer);
  emitConvolution(writer, windowsOf(node, writer), filters, scaling);
}

/** A convolution for each group, on the channels of the group moved together; its results lie between those of the others. */
function writeGroups(node: Node, writer: Writer): void {
  const { groups } = attributesOf(node);
  const windows = windowsOf(node, writer);
  const [{ height, width, channels, elementBytes, resultBytes, depth: whole }] = windows;
  const [depth, count, pixels] = [whole / groups, channels / groups, height * width];
  const filters = node.inputs[1]!.constant!.data as Int8Array;
  const blocks = Array.from({ length: groups }, (_, group) => ({
    first: group * depth,
    length: depth,
    runs: pixels,
    step: whole,
    to: group * depth * pixels,
  }));
  const move = movesOf(writer, { first: 0, count: whole * pixels }, blocks, elementBytes);
  const apart = windows.map(({ input }) => {
    const place = writer.scratch(whole * pixels * elementBytes);
    move(input, place);
    return place;
  });
  const scalings = scalingPartsOf(node, convolutionScaling(node, writer.context), writer, groups);
  for (const [group, scaling] of scalings.entries()) {
    const length = filters.length / groups;
    const own = filters.subarray(group * length, (group + 1) * length);
    const images = windows.map((window, image) => {
      const input = placeBehind(apart[image], group * depth * pixels * elementBytes);
      const output = placeBehind(window.output, group * count * resultBytes);
      return { ...window, input, depth, output, count };
    });
    emitConvolution(writer, images, own, scaling);
  }
}

function writeDepthwise(node: Node, writer: Writer): void {
  const filters = node.inputs[1]!.constant!.data as Int8Array;
  const windows = windowsOf(node, writer);
  const [{ channels }] = windows;
  const taps = filters.length / channels;
  const byTap = new Int8Array(filters.length);
  for (let channel = 0; channel < channels; channel++)
    for (let tap = 0; tap < taps; tap++) byTap[tap * channels + channel] = filters[channel * taps + tap];
  const weights = writer.constant(byTap);
  const scaling = scalingFieldsOf(node, convolutionScaling(node, writer.context), writer);
  for (const window of windows) writer.emit(depthwise, { ...window, weights, ...scaling });
}
