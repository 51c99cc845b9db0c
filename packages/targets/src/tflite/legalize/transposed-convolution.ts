import {
  type Attributes,
  allocate,
  elementCount,
  type Graph,
  type Node,
  type Quantization,
  type Tensor,
  tensorOf,
  type Value,
} from "@millrace/ir";
import { slice, transposeConv2d } from "@millrace/ops";
import { edit, rewrite, sizesOf } from "@millrace/passes";
import { croppingName, fullSize, windowOf } from "../padding.ts";

/** Weights of all groups as those of one: zero where an input channel belongs to another group than the output channel. */
export const joinGroups = rewrite("tflite-join-transposed-groups", {
  roots: [transposeConv2d],
  find(node) {
    const { weights } = transposeConv2d.inputsOf(node);
    const { groups, layout } = transposeConv2d.attributesOf(node);
    return groups > 1 && layout === "last" && weights.constant ? { groups, weights } : undefined;
  },
  replace({ groups, weights }, node, graph) {
    const { quantization } = weights.type;
    reweigh(graph, node, joinedWeights(weights, groups), { groups: 1 }, quantization && repeated(quantization, groups));
  },
});

function joinedWeights(weights: Value, groups: number): Tensor {
  const [out, height, width, channels] = sizesOf(weights);
  const own = channels / groups;
  const source = weights.constant!.data as Float64Array;
  const result = filled(weights, [out * groups, height, width, channels]);
  const target = result.data as Float64Array;
  const taps = out * height * width;
  for (let group = 0; group < groups; group++) {
    for (let tap = 0; tap < taps; tap++) {
      const first = tap * channels + group * own;
      target.set(source.subarray(first, first + own), group * taps * channels + first);
    }
  }
  return result;
}

function repeated({ scale, zeroPoint, axis }: Quantization, groups: number): Quantization {
  const repeat = (items: readonly number[]) =>
    Array.from({ length: items.length * groups }, (_, at) => items[at % items.length]);
  return axis === 0 ? { scale: repeat(scale), zeroPoint: repeat(zeroPoint), axis } : { scale, zeroPoint };
}

/** A kernel spread by a dilation is a larger one with zeros between its elements. */
export const spreadKernels = rewrite("tflite-spread-transposed-kernels", {
  roots: [transposeConv2d],
  find(node) {
    const { weights } = transposeConv2d.inputsOf(node);
    const { dilation, layout } = transposeConv2d.attributesOf(node);
    const spread = layout === "last" && weights.constant && dilation.some((step) => step > 1);
    return spread ? { dilation, weights } : undefined;
  },
  replace({ dilation, weights }, node, graph) {
    reweigh(graph, node, spreadWeights(weights, dilation), { dilation: [1, 1] }, weights.type.quantization);
  },
});

function spreadWeights(weights: Value, [down, right]: readonly number[]): Tensor {
  const [out, height, width, channels] = sizesOf(weights);
  const [taller, wider] = [(height - 1) * down + 1, (width - 1) * right + 1];
  const source = weights.constant!.data as Float64Array;
  const result = filled(weights, [out, taller, wider, channels]);
  const target = result.data as Float64Array;
  for (let row = 0; row < out * height; row++) {
    const [o, y] = [Math.floor(row / height), row % height];
    for (let x = 0; x < width; x++) {
      const from = (row * width + x) * channels;
      const to = ((o * taller + y * down) * wider + x * right) * channels;
      target.set(source.subarray(from, from + channels), to);
    }
  }
  return result;
}

/** A tensor of the weights' type that stands for zeros. */
function filled({ constant, type }: Value, shape: readonly number[]): Tensor {
  const data = allocate(constant!.dtype, elementCount(shape));
  return tensorOf(constant!.dtype, shape, (data as Float64Array).fill(type.quantization?.zeroPoint[0] ?? 0));
}

/** Puts a node with other weights in the place of one. */
function reweigh(graph: Graph, node: Node, weights: Tensor, changes: Attributes, quantization?: Quantization): void {
  const { constant, finish } = edit(graph, node);
  const { x, bias } = transposeConv2d.inputsOf(node);
  const made = constant("weights", weights, quantization);
  finish(transposeConv2d, [x, made, ...(bias ? [bias] : [])], { ...node.attributes, ...changes });
}

/** Cropping that is neither SAME nor VALID is done by a slice of the full result. */
export const cropBySlice = rewrite("tflite-crop-by-slice", {
  roots: [transposeConv2d],
  find(node) {
    const window = windowOf(node);
    if (window === undefined || croppingName(node) !== undefined) return undefined;
    const { padding, outputSize } = transposeConv2d.attributesOf(node);
    const full = fullSize(window);
    const size = full.map((length, axis) => Math.max(length, padding[axis] + outputSize[axis]));
    const near = size.every((length, axis) => length < full[axis] + window.stride[axis]);
    return near ? { size, start: [0, padding[0], padding[1], 0] } : undefined;
  },
  replace({ size, start }, node, graph) {
    const { step, finish } = edit(graph, node);
    const whole = { ...node.attributes, outputSize: size, padding: [0, 0, 0, 0] };
    const [result] = node.outputs;
    const full = step(transposeConv2d, node.inputs, whole, result.type);
    finish(slice, [full], { starts: start, sizes: result.type.shape, steps: [1, 1, 1, 1] });
  },
});
