import { type DType, isStatic, type Node, storageBytes, type Value } from "@millrace/ir";
import type { Machine } from "../machine.ts";
import { firstOf, placeBehind, type Writer } from "./lowering.ts";

const names: Readonly<Partial<Record<DType, string>>> = { i16: "int16", u8: "uint8", i32: "int32", i64: "int64" };

/** Why the array can't compute a node on bytes, whatever its operator: types, open sizes. */
export function refuseValues(node: Node, machine: Machine): string | undefined {
  const isWords = typesOf(node).includes("i16") && machine.array.wordLanes > 0;
  return (
    firstOf([isWords, "it computes int16, which the array takes in products, sums and moves only"]) ?? refuseData(node)
  );
}

/** The same where the array may take numbers of 16 bits as well, all of the node's data or none. */
export function refuseNumbers(node: Node, { array }: Machine): string | undefined {
  const types = typesOf(node);
  if (array.wordLanes === 0 || !types.includes("i16")) return refuseData(node);
  return (
    firstOf(
      [types.length > 1, `it computes ${types.map((dtype) => names[dtype] ?? dtype).join(" and ")}`],
      [
        dataOf(node).some(({ type }) => type.quantization?.zeroPoint.some((zero) => zero !== 0)),
        "its int16 data have a zero point",
      ],
    ) ?? refuseParameters(node)
  );
}

function refuseData(node: Node): string | undefined {
  const types = typesOf(node);
  const other = types.find((dtype) => dtype !== "i8");
  return (
    firstOf(
      [types.includes("f32"), "it computes reals; quantize the model to int8"],
      [other !== undefined, `it computes ${names[other!] ?? other}; the array takes int8`],
    ) ?? refuseParameters(node)
  );
}

/** Why parameters or sizes of a node's data are not such as the array takes. */
export function refuseParameters(node: Node): string | undefined {
  const values = dataOf(node);
  return firstOf(
    [
      values.some(({ type }) => type.quantization === undefined || type.quantization.axis !== undefined),
      "its data have no scale for the whole tensor",
    ],
    [values.some(({ type }) => !isStatic(type.shape)), "the size of its data is open; state it with --shape or --dim"],
  );
}

function dataOf({ inputs, outputs }: Node): readonly Value[] {
  return [...inputs.slice(0, 1), ...outputs] as Value[];
}

function typesOf(node: Node): readonly DType[] {
  return [...new Set(dataOf(node).map(({ type }) => type.dtype))];
}

/** Bytes of each element of a value. */
export function elementBytesOf({ type }: Value): number {
  return storageBytes(type.dtype);
}

/** Fields of the bytes of each element of a node's first input and result. */
export function elementsOf({ inputs, outputs }: Node) {
  return { elementBytes: elementBytesOf(inputs[0]!), resultBytes: elementBytesOf(outputs[0]) };
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

/** More samples would be too many commands. */
const mostSamples = 256;

export function refuseSamples({ inputs }: Node): string | undefined {
  const [samples] = sizesOf(inputs[0]!);
  return firstOf([samples > mostSamples, `it has ${samples} samples; make the batch smaller`]);
}

/** Fields of windows that slide over the images of a node's first input, one for each. */
export function imageWindows(node: Node, { placeOf }: Writer, { kernel, stride, dilation, padding }: Sliding) {
  const [x] = node.inputs as [Value];
  const [y] = node.outputs;
  const [samples, height, width, depth] = sizesOf(x);
  const [, outputHeight, outputWidth, channels] = sizesOf(y);
  const bytes = height * width * depth * elementBytesOf(x);
  const outputBytes = outputHeight * outputWidth * channels * elementBytesOf(y);
  return Array.from({ length: samples }, (_, sample) => ({
    input: placeBehind(placeOf(x), sample * bytes),
    height,
    width,
    depth,
    output: placeBehind(placeOf(y), sample * outputBytes),
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
  }));
}

/** Whether a node is a convolution whose filters have the depth of one channel each. */
export function isDepthwise({ attributes, inputs }: Node): boolean {
  return typeof attributes.groups === "number" && attributes.groups > 1 && inputs[1]?.type.shape[3] === 1;
}
