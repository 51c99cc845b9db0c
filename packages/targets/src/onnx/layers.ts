import type { Node } from "@millrace/ir";
import {
  averagePool2d,
  batchNorm,
  conv2d,
  depthToSpace,
  l2Pool2d,
  linear,
  localResponseNormalization,
  matmul,
  maxPool2d,
  resize,
  softmax,
  spaceToDepth,
  transposeConv2d,
} from "@millrace/ops";
import { withActivation } from "./elementwise.ts";
import type { OnnxEmitter, OnnxLowering } from "./emitter.ts";

export const lowerConv2d: OnnxLowering = (node, emit, [output]) => {
  const { stride, dilation, padding, groups } = conv2d.attributesOf(node);
  const attributes = { strides: stride, dilations: dilation, pads: padding, group: groups };
  const inputs = node.inputs.map((value) => emit.read(value));
  withActivation(node, emit, output, (name) => emit.node("Conv", inputs, attributes, [name]));
};

/** The part of the full result beyond what the crop leaves becomes output padding; a shorter output crops more instead. */
export const lowerTransposeConv2d: OnnxLowering = (node, emit, [output]) => {
  const { stride, dilation, padding, outputSize, groups } = transposeConv2d.attributesOf(node);
  const { x, weights } = transposeConv2d.inputsOf(node);
  const excess = [0, 1].map((side) => {
    const full =
      ((x.type.shape[2 + side] as number) - 1) * stride[side] +
      dilation[side] * ((weights.type.shape[2 + side] as number) - 1) +
      1;
    return outputSize[side] - (full - padding[side] - padding[side + 2]);
  });
  const attributes = {
    strides: stride,
    dilations: dilation,
    pads: [padding[0], padding[1], padding[2] - Math.min(0, excess[0]), padding[3] - Math.min(0, excess[1])],
    output_padding: excess.map((count) => Math.max(0, count)),
    group: groups,
  };
  const inputs = node.inputs.map((value) => emit.read(value));
  withActivation(node, emit, output, (name) => emit.node("ConvTranspose", inputs, attributes, [name]));
};

export const lowerLinear: OnnxLowering = (node, emit, [output]) => {
  const { x, bias } = linear.inputsOf(node);
  const [data, weights, offset] = node.inputs.map((value) => emit.read(value));
  withActivation(node, emit, output, (name) => {
    if (x.type.shape.length === 2) return void emit.node("Gemm", [data, weights, offset ?? ""], { transB: 1 }, [name]);
    const columns = emit.node("Transpose", [weights], { perm: [1, 0] });
    if (bias === undefined) return void emit.node("MatMul", [data, columns], {}, [name]);
    emit.node("Add", [emit.node("MatMul", [data, columns]), offset], {}, [name]);
  });
};

export const lowerMatmul: OnnxLowering = (node, emit, outputs) => {
  const { transposeA, transposeB } = matmul.attributesOf(node);
  const flipped = [transposeA, transposeB];
  const inputs = node.inputs.map((value, index) => {
    const rank = value!.type.shape.length;
    const perm = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
    return flipped[index] ? emit.node("Transpose", [emit.read(value)], { perm }) : emit.read(value);
  });
  emit.node("MatMul", inputs, {}, outputs);
};

export const lowerAveragePool2d: OnnxLowering = (node, emit, [output]) => {
  const { kernel, stride, padding, countPadding } = averagePool2d.attributesOf(node);
  const attributes = { kernel_shape: kernel, strides: stride, pads: padding, count_include_pad: Number(countPadding) };
  pooled(node, emit, output, "AveragePool", attributes);
};

export const lowerMaxPool2d: OnnxLowering = (node, emit, [output]) => {
  const { kernel, stride, dilation, padding } = maxPool2d.attributesOf(node);
  pooled(node, emit, output, "MaxPool", { kernel_shape: kernel, strides: stride, dilations: dilation, pads: padding });
};

export const lowerL2Pool2d: OnnxLowering = (node, emit, [output]) => {
  const { kernel, stride, padding } = l2Pool2d.attributesOf(node);
  const x = emit.read(node.inputs[0]);
  const window = { kernel_shape: kernel, strides: stride, pads: padding, count_include_pad: 0 };
  const means = emit.node("AveragePool", [emit.node("Mul", [x, x])], window);
  withActivation(node, emit, output, (name) => emit.node("Sqrt", [means], {}, [name]));
};

/** ONNX divides the sum of squares by the size of the window. */
export const lowerLocalResponseNormalization: OnnxLowering = (node, emit, outputs) => {
  const { before, after, bias, alpha, beta } = localResponseNormalization.attributesOf(node);
  const size = before + after + 1;
  const attributes = { size, bias: { float: bias }, alpha: { float: alpha * size }, beta: { float: beta } };
  emit.node("LRN", [emit.read(node.inputs[0])], attributes, outputs);
};

function pooled(
  node: Node,
  emit: OnnxEmitter,
  output: string,
  opType: string,
  attributes: Parameters<OnnxEmitter["node"]>[2],
): void {
  withActivation(node, emit, output, (name) => emit.node(opType, [emit.read(node.inputs[0])], attributes, [name]));
}

/** ONNX has the channels on axis 1; other axes are spelled as factor and offset before the graph gets here. */
export const lowerBatchNorm: OnnxLowering = (node, emit, outputs) => {
  const inputs = node.inputs.map((value) => emit.read(value));
  emit.node("BatchNormalization", inputs, { epsilon: { float: batchNorm.attributesOf(node).epsilon } }, outputs);
};

export function lowerSoftmax(opType: "Softmax" | "LogSoftmax"): OnnxLowering {
  return (node, emit, outputs) => {
    const x = emit.read(node.inputs[0]);
    const beta = opType === "Softmax" ? softmax.attributesOf(node).beta : 1;
    const scaled = beta === 1 ? x : emit.node("Mul", [x, emit.scalar("beta", beta)]);
    emit.node(opType, [scaled], { axis: node.attributes["axis"] as number }, outputs);
  };
}

const coordinateNames = { halfPixel: "half_pixel", alignCorners: "align_corners", asymmetric: "asymmetric" } as const;
const roundingNames = {
  floor: "floor",
  ceil: "ceil",
  roundPreferFloor: "round_prefer_floor",
  roundPreferCeil: "round_prefer_ceil",
} as const;

export const lowerResize: OnnxLowering = (node, emit, outputs) => {
  const { mode, coordinates, nearestRounding } = resize.attributesOf(node);
  const sizes = emit.integers("sizes", node.outputs[0].type.shape as readonly number[]);
  const attributes = {
    mode: mode === "nearest" ? "nearest" : "linear",
    coordinate_transformation_mode: coordinateNames[coordinates],
    nearest_mode: roundingNames[nearestRounding],
  };
  emit.node("Resize", [emit.read(node.inputs[0]), "", "", sizes], attributes, outputs);
};

export const lowerDepthToSpace: OnnxLowering = (node, emit, outputs) => {
  const { block, order } = depthToSpace.attributesOf(node);
  emit.node(
    "DepthToSpace",
    [emit.read(node.inputs[0])],
    { blocksize: block, mode: order === "depthFirst" ? "DCR" : "CRD" },
    outputs,
  );
};

export const lowerSpaceToDepth: OnnxLowering = (node, emit, outputs) => {
  emit.node("SpaceToDepth", [emit.read(node.inputs[0])], { blocksize: spaceToDepth.attributesOf(node).block }, outputs);
};
