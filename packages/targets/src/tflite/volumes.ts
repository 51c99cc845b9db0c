import { isStatic, type Node } from "@millrace/ir";
import { conv3d, transposeConv3d } from "@millrace/ops";
import { activationNames, integers, type Lowering } from "./lowering.ts";
import { samePadding } from "./padding.ts";

/**
 * What the file calls the padding of a convolution of volumes, or what its reverse cuts off; undefined where it has no word for it. Either way
 * it follows from the size of the greater volume.
 */
export function volumePaddingName(node: Node): "SAME" | "VALID" | undefined {
  const [x, weights] = node.inputs;
  const kernel = weights!.type.shape.slice(0, 3);
  const size = (node.attributes["outputSize"] as readonly number[] | undefined) ?? x!.type.shape.slice(1, 4);
  const { stride, dilation, padding } = conv3d.attributesOf(node);
  if (padding.every((count) => count === 0)) return "VALID";
  if (!isStatic(kernel) || !isStatic(size)) return undefined;
  return samePadding({ size, kernel, stride, dilation }).every((count, side) => count === padding[side])
    ? "SAME"
    : undefined;
}

function optionsOf(node: Node) {
  const { stride, dilation, activation } = conv3d.attributesOf(node);
  return {
    kind: "Conv3DOptions",
    padding: volumePaddingName(node)!,
    strideD: stride[0],
    strideH: stride[1],
    strideW: stride[2],
    dilationDFactor: dilation[0],
    dilationHFactor: dilation[1],
    dilationWFactor: dilation[2],
    fusedActivationFunction: activationNames[activation],
  } as const;
}

export const lowerConv3d: Lowering = (node) => {
  const { x, weights, bias } = conv3d.inputsOf(node);
  return { builtin: "CONV_3D", operands: [x, weights, ...(bias ? [bias] : [])], options: optionsOf(node) };
};

export const lowerTransposeConv3d: Lowering = (node) => {
  const { x, weights, bias } = transposeConv3d.inputsOf(node);
  const shape = integers(node.outputs[0].type.shape as readonly number[]);
  return {
    builtin: "CONV_3D_TRANSPOSE",
    operands: [shape, weights, x, ...(bias ? [bias] : [])],
    options: optionsOf(node),
  };
};
