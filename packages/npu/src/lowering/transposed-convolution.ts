import { elementCount, type Node, type Value } from "@millrace/ir";
import { affineOf, transposedScaling } from "@millrace/runtime";
import { attributesOf, emitConvolution, onePixel, refuseWeights, refuseWindow } from "./emit-convolution.ts";
import { firstOf, type Lowering, type Place, type Writer } from "./lowering.ts";
import { mostElements, type PlacedBlock, placedBlocks, writeMoves } from "./movement.ts";
import { scalingFieldsOf } from "./scaling.ts";
import { elementsOf, refuseNumbers, sizesOf } from "./shared-rules.ts";

/** Published limit. */
const greatestStride = 2;

/**
 * One axis of the result, where it is parted into phases: element `o` is that of phase (o + padding) mod stride at step
 * ⌊(o + padding) / stride⌋, counted from that of the first. A phase is a convolution at stride 1 with every stride-th tap, last to first.
 */
interface Axis {
  readonly stride: number;
  /** Taps of a phase. */
  readonly taps: number;
  /** Steps of a phase. */
  readonly steps: number;
  /** Elements by which the first window begins ahead of the data. */
  readonly ahead: number;
  /** The phase of the first element. */
  readonly first: number;
}

function axesOf(node: Node): readonly [Axis, Axis] {
  const { stride, padding } = attributesOf(node);
  const [kernel, output] = [node.inputs[1]!, node.outputs[0]].map((value) => sizesOf(value).slice(1, 3));
  const [rows, columns] = [0, 1].map((axis): Axis => {
    const [step, crop] = [stride[axis], padding[axis]];
    const taps = Math.ceil(kernel[axis] / step);
    const skipped = Math.floor(crop / step);
    const steps = Math.floor((output[axis] - 1 + crop) / step) - skipped + 1;
    return { stride: step, taps, steps, ahead: taps - 1 - skipped, first: crop % step };
  });
  return [rows, columns];
}

/** Filters of every phase, row by row, then output channel, with zeros where a phase has fewer taps. */
function phaseFilters(weights: Value, [rows, columns]: readonly [Axis, Axis]): Int8Array {
  const [channels, height, width, depth] = sizesOf(weights);
  const source = weights.constant!.data as Int8Array;
  const filter = rows.taps * columns.taps * depth;
  const filters = new Int8Array(rows.stride * columns.stride * channels * filter);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const phase = (y % rows.stride) * columns.stride + (x % columns.stride);
        const row = rows.taps - 1 - Math.floor(y / rows.stride);
        const column = columns.taps - 1 - Math.floor(x / columns.stride);
        const from = ((channel * height + y) * width + x) * depth;
        const to = (phase * channels + channel) * filter + (row * columns.taps + column) * depth;
        filters.set(source.subarray(from, from + depth), to);
      }
    }
  }
  return filters;
}

/** The result as blocks of what the phases give, whose pixels hold all phases; undefined if there are too many. */
function blocksOfPhases(node: Node, [rows, columns]: readonly [Axis, Axis]): readonly PlacedBlock[] | undefined {
  const [, height, width, channels] = sizesOf(node.outputs[0]);
  const row = columns.stride * channels;
  const positions = new Int32Array(height * width * channels);
  for (let y = 0, at = 0; y < height; y++) {
    const [step, phase] = [Math.floor((y + rows.first) / rows.stride), (y + rows.first) % rows.stride];
    for (let element = columns.first * channels, left = width * channels; left > 0; left--, element++) {
      const pixel = step * columns.steps + Math.floor(element / row);
      positions[at++] = (pixel * rows.stride + phase) * row + (element % row);
    }
  }
  return placedBlocks(positions);
}

/** A transposed convolution, as one convolution that gives the pixels of all phases and a move that orders them. */
export const transposedConvolution: Lowering = {
  refuse(node, machine) {
    const refusal = refuseNumbers(node, machine) ?? refuseWeights(node);
    if (refusal) return refusal;
    const { stride, dilation, padding, groups, layout } = attributesOf(node);
    const [, height, width, depth] = sizesOf(node.inputs[1]!);
    const axes = axesOf(node);
    const sizes = { kernelHeight: axes[0].taps, kernelWidth: axes[1].taps, depth };
    const rule = firstOf(
      [layout !== "last", "its data are channel-first"],
      [sizesOf(node.inputs[0]!)[0] !== 1, "it has more than one sample"],
      [groups > 1, "its channels are in groups"],
      [Math.max(...stride) > greatestStride, `its stride is above ${greatestStride}`],
      [Math.max(...dilation) > 1, "its kernel has gaps"],
      [padding[0] >= height || padding[1] >= width, "it leaves out as much as its kernel"],
      [elementCount(sizesOf(node.outputs[0])) > mostElements, "it moves too many numbers"],
    );
    return (
      rule ??
      refuseWindow(sizes, machine.array) ??
      firstOf([blocksOfPhases(node, axes) === undefined, "it moves too many pieces"])
    );
  },
  write(node, writer) {
    const axes = axesOf(node);
    const [rows, columns] = axes;
    const output = writer.placeOf(node.outputs[0]);
    const phases = rows.stride * columns.stride;
    const count = rows.steps * columns.steps * phases * sizesOf(node.outputs[0])[3];
    const { resultBytes } = elementsOf(node);
    const place = phases === 1 ? output : writer.scratch(count * resultBytes);
    emitPhases(node, writer, axes, place);
    if (phases > 1) writeMoves(writer, { first: 0, count }, place, output, blocksOfPhases(node, axes)!, resultBytes);
  },
};

function emitPhases(node: Node, writer: Writer, [rows, columns]: readonly [Axis, Axis], output: Place): void {
  const [x, weights] = node.inputs as [Value, Value];
  const input = affineOf(x, node);
  const [, height, width, depth] = sizesOf(x);
  const channels = rows.stride * columns.stride * sizesOf(weights)[0];
  const window = {
    ...onePixel,
    ...elementsOf(node),
    input: writer.placeOf(x),
    height,
    width,
    depth,
    output,
    outputHeight: rows.steps,
    outputWidth: columns.steps,
    channels,
    kernelHeight: rows.taps,
    kernelWidth: columns.taps,
    top: rows.ahead,
    left: columns.ahead,
    rows: rows.steps,
    count: channels,
    inputZero: input.zeroPoint,
  };
  const scaling = scalingFieldsOf(node, { ...transposedScaling(node, writer.context), channels }, writer);
  emitConvolution(writer, [window], phaseFilters(weights, [rows, columns]), scaling);
}
