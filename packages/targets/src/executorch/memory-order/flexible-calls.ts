import { isStatic } from "@millrace/ir";
import { type EdgeCall, type EdgeStep, type EdgeTensor, isCall, isTensor, tensorsRead } from "../edge-program.ts";

/** Calls whose kernels find every element of images by its place. */
const onImages = ["aten.convolution.default", "aten.max_pool2d_with_indices.default"];

/** Calls whose kernels go through the elements of tensors of one shape as they stand in memory. */
const onElements = [
  "aten.abs.default",
  "aten.neg.default",
  "aten.exp.default",
  "aten.log.default",
  "aten.sqrt.default",
  "aten.rsqrt.default",
  "aten.sin.default",
  "aten.cos.default",
  "aten.floor.default",
  "aten.ceil.default",
  "aten.round.default",
  "aten.sign.default",
  "aten.erf.default",
  "aten.sigmoid.default",
  "aten.tanh.default",
  "aten.relu.default",
  "aten.clamp.default",
  "aten.leaky_relu.default",
  "aten.elu.default",
  "aten.gelu.default",
  "aten.add.Tensor",
  "aten.sub.Tensor",
  "aten.mul.Tensor",
  "aten.div.Tensor",
  "aten.maximum.default",
  "aten.minimum.default",
  "quantized_decomposed.quantize_per_tensor.default",
  "quantized_decomposed.dequantize_per_tensor.default",
];

const images = new Set(onImages);
const elements = new Set(onElements);

/** Whether a call makes reals of a parameter that has a scale for each index of its outermost axis; its kernel knows no order but that of the axes. */
export function isByOutermost({ operator, positional }: EdgeCall): boolean {
  const [source] = positional;
  const isPerChannel = operator === "quantized_decomposed.dequantize_per_channel.default";
  return isPerChannel && positional[3] === 0 && isTensor(source) && source.constant !== undefined;
}

/** Whether a tensor is what kernels know two orders of axes for, of known sizes. */
export function isImage({ shape }: EdgeTensor): boolean {
  return shape.length === 4 && isStatic(shape);
}

/** Whether a step can give images with their channels innermost, if all images that it reads are so. */
export function isFlexible(step: EdgeStep): step is EdgeCall {
  if (!isCall(step) || !step.results.every(isImage)) return false;
  if (images.has(step.operator) || isByOutermost(step)) return true;
  const [{ shape }] = step.results;
  return elements.has(step.operator) && tensorsRead(step).every((tensor) => String(tensor.shape) === String(shape));
}
