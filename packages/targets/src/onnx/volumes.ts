import { conv3d, transposeConv3d } from "@millrace/ops";
import { withActivation } from "./elementwise.ts";
import type { OnnxLowering } from "./emitter.ts";

/** Volumes to channels first, and back. */
const toFirst = [0, 4, 1, 2, 3];
const toLast = [0, 2, 3, 4, 1];

/** ONNX convolves volumes channel-first, so that each stands between transposes. */
export const lowerConv3d: OnnxLowering = (node, emit, [output]) => {
  const { stride, dilation, padding } = conv3d.attributesOf(node);
  const [x, weights, bias] = node.inputs.map((value) => emit.read(value));
  const data = emit.node("Transpose", [x], { perm: toFirst });
  const filter = emit.node("Transpose", [weights], { perm: [4, 3, 0, 1, 2] });
  const attributes = { strides: stride, dilations: dilation, pads: padding };
  const result = emit.node("Conv", [data, filter, ...(bias ? [bias] : [])], attributes);
  withActivation(node, emit, output, (name) => emit.node("Transpose", [result], { perm: toLast }, [name]));
};

/** What the crop leaves is less than the full result by the padding, or more by the output padding. */
export const lowerTransposeConv3d: OnnxLowering = (node, emit, [output]) => {
  const { stride, dilation, padding, outputSize } = transposeConv3d.attributesOf(node);
  const { x, weights } = transposeConv3d.inputsOf(node);
  const excess = outputSize.map((size, axis) => {
    const steps = ((x.type.shape[axis + 1] as number) - 1) * stride[axis];
    const full = steps + dilation[axis] * ((weights.type.shape[axis] as number) - 1) + 1;
    return size - (full - padding[axis] - padding[axis + 3]);
  });
  const attributes = {
    strides: stride,
    dilations: dilation,
    pads: [...padding.slice(0, 3), ...padding.slice(3).map((count, axis) => count - Math.min(0, excess[axis]))],
    output_padding: excess.map((count) => Math.max(0, count)),
  };
  const [data, filter, bias] = node.inputs.map((value) => emit.read(value));
  const first = emit.node("Transpose", [data], { perm: toFirst });
  const turned = emit.node("Transpose", [filter], { perm: [4, 3, 0, 1, 2] });
  const result = emit.node("ConvTranspose", [first, turned, ...(bias ? [bias] : [])], attributes);
  withActivation(node, emit, output, (name) => emit.node("Transpose", [result], { perm: toLast }, [name]));
};
