import type { BuiltinOperatorName } from "@millrace/formats/tflite";
import { type Node, sameShape, type Value } from "@millrace/ir";
import {
  type averagePool2d,
  conv2d,
  type l2Pool2d,
  linear,
  matmul,
  type maxPool2d,
  resize,
  transpose,
  transposeConv2d,
} from "@millrace/ops";
import { activationNames, integers, type Lowering } from "./lowering.ts";
import { croppingName, paddingName } from "./padding.ts";

/** OHW1 to 1HWO, and back: the same exchange. */
export const depthwiseOrder = [3, 1, 2, 0];

/** Whether a convolution has one group for each channel. */
export function isDepthwise(node: Node): boolean {
  const { x } = conv2d.inputsOf(node);
  const { groups } = conv2d.attributesOf(node);
  return groups > 1 && groups === x.type.shape[3];
}

/** What weights in a convolution's order were made from if they came in a depthwise one's. */
export function depthwiseSource({ producer }: Value): Value | undefined {
  const isReordered =
    producer?.op === transpose && sameShape(transpose.attributesOf(producer).permutation, depthwiseOrder);
  return isReordered ? producer.inputs[0] : undefined;
}

/** 16-bit data with a 32-bit bias also sum up in 32 bits, which the file has to say. */
function biasType(node: Node, bias = node.inputs[2]) {
  const narrow = node.outputs[0].type.dtype === "i16" && bias?.type.dtype === "i32";
  return narrow ? ({ quantizedBiasType: "INT32" } as const) : {};
}

export const lowerConv2d: Lowering = (node) => {
  const { x, weights, bias } = conv2d.inputsOf(node);
  const { stride, dilation, groups, activation } = conv2d.attributesOf(node);
  const shared = {
    padding: paddingName(node)!,
    strideH: stride[0],
    strideW: stride[1],
    dilationHFactor: dilation[0],
    dilationWFactor: dilation[1],
    fusedActivationFunction: activationNames[activation],
  };
  const biases = bias ? [bias] : [];
  const source = depthwiseSource(weights);
  if (!isDepthwise(node) || (source ?? weights.constant) === undefined) {
    const options = { kind: "Conv2DOptions", ...shared, ...biasType(node) } as const;
    return { builtin: "CONV_2D", operands: [x, weights, ...biases], options };
  }
  const depthMultiplier = (weights.type.shape[0] as number) / groups;
  return {
    builtin: "DEPTHWISE_CONV_2D",
    operands: [x, source ?? { kind: "permuted", value: weights, permutation: depthwiseOrder }, ...biases],
    options: { kind: "DepthwiseConv2DOptions", ...shared, depthMultiplier },
  };
};

export const lowerTransposeConv2d: Lowering = (node) => {
  const { x, weights, bias } = transposeConv2d.inputsOf(node);
  const { stride, activation } = transposeConv2d.attributesOf(node);
  return {
    builtin: "TRANSPOSE_CONV",
    operands: [integers(node.outputs[0].type.shape as readonly number[]), weights, x, ...(bias ? [bias] : [])],
    options: {
      kind: "TransposeConvOptions",
      padding: croppingName(node)!,
      strideH: stride[0],
      strideW: stride[1],
      fusedActivationFunction: activationNames[activation],
      ...biasType(node),
    },
  };
};

/** A missing bias keeps its place, which every version of the operator understands. */
export function lowerLinear(asymmetricQuantizeInputs: boolean): Lowering {
  return (node) => {
    const { x, weights, bias } = linear.inputsOf(node);
    const [result] = node.outputs;
    return {
      builtin: "FULLY_CONNECTED",
      operands: [x, weights, bias],
      options: {
        kind: "FullyConnectedOptions",
        fusedActivationFunction: activationNames[linear.attributesOf(node).activation],
        keepNumDims: result.type.shape.length !== 2,
        ...(asymmetricQuantizeInputs && { asymmetricQuantizeInputs }),
        ...biasType(node),
      },
    };
  };
}

export const lowerMatmul: Lowering = (node) => {
  const { transposeA, transposeB } = matmul.attributesOf(node);
  return {
    builtin: "BATCH_MATMUL",
    operands: node.inputs,
    options: { kind: "BatchMatMulOptions", adjX: transposeA, adjY: transposeB },
  };
};

export function pool(
  builtin: BuiltinOperatorName,
  op: typeof averagePool2d | typeof l2Pool2d | typeof maxPool2d,
): Lowering {
  return (node) => {
    const { kernel, stride, activation } = op.attributesOf(node);
    return {
      builtin,
      operands: node.inputs,
      options: {
        kind: "Pool2DOptions",
        padding: paddingName(node)!,
        strideH: stride[0],
        strideW: stride[1],
        filterHeight: kernel[0],
        filterWidth: kernel[1],
        fusedActivationFunction: activationNames[activation],
      },
    };
  };
}

export const lowerResize: Lowering = (node) => {
  const { mode, size, coordinates } = resize.attributesOf(node);
  const places = { alignCorners: coordinates === "alignCorners", halfPixelCenters: coordinates === "halfPixel" };
  const operands = [node.inputs[0], integers(size)];
  return mode === "bilinear"
    ? { builtin: "RESIZE_BILINEAR", operands, options: { kind: "ResizeBilinearOptions", ...places } }
    : { builtin: "RESIZE_NEAREST_NEIGHBOR", operands, options: { kind: "ResizeNearestNeighborOptions", ...places } };
};
