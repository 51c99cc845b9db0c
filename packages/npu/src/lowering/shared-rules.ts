import { isStatic, type Node, type Value } from "@millrace/ir";
import { firstOf, type Writer } from "./lowering.ts";

/** Why the array can't compute a node, whatever its operator: types, open sizes, more than one sample. */
export function refuseValues(node: Node): string | undefined {
  const values = [...node.inputs.slice(0, 1), ...node.outputs] as Value[];
  const types = [...new Set(values.map(({ type }) => type.dtype))];
  const other = types.find((dtype) => dtype !== "i8");
  return firstOf(
    [types.includes("f32"), "it computes reals; quantize the model to int8"],
    [other !== undefined, `it computes ${other}; the array takes int8`],
    [
      values.some(({ type }) => type.quantization === undefined || type.quantization.axis !== undefined),
      "its data have no scale for the whole tensor",
    ],
    [values.some(({ type }) => !isStatic(type.shape)), "the size of its data is open; state it with --shape or --dim"],
  );
}

/** Sizes of a value whose sizes are known. */
export function sizesOf({ type }: Value): readonly number[] {
  return type.shape as readonly number[];
}

/** How a window slides over images. */
export interface Sliding {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly dilation: readonly number[];
  /** [top, left, bottom, right]. */
  readonly padding: readonly number[];
}

/** Fields of a window that slides over a node's first input, whole. */
export function imageWindow(node: Node, { placeOf }: Writer, { kernel, stride, dilation, padding }: Sliding) {
  const [x] = node.inputs as [Value];
  const [y] = node.outputs;
  const [, height, width, depth] = sizesOf(x);
  const [, outputHeight, outputWidth, channels] = sizesOf(y);
  return {
    input: placeOf(x),
    height,
    width,
    depth,
    output: placeOf(y),
    outputHeight,
    outputWidth,
    channels,
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
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
  };
}

/** Whether a node is a convolution whose filters have the depth of one channel each. */
export function isDepthwise({ attributes, inputs }: Node): boolean {
  return typeof attributes.groups === "number" && attributes.groups > 1 && inputs[1]?.type.shape[3] === 1;
}
