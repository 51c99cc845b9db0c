import type { DType, Node, Value } from "@millrace/ir";
import { cyclesOf } from "../commands/command.ts";
import { convolve, weightArray } from "../commands/convolve.ts";
import { mappings } from "../commands/mappings.ts";
import type { WindowFields } from "../commands/window.ts";
import { compressWeights } from "../compression.ts";
import type { DotProductArray } from "../machine.ts";
import { type FilterSizes, packedSteps, packWeights } from "../weights.ts";
import { firstOf, type MappingOptions, type Place, type Writer } from "./lowering.ts";
import type { scalingFieldsOf } from "./scaling.ts";

/** Attributes that convolutions of images and transposed ones have. */
interface Attributes {
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: readonly [number, number, number, number];
  readonly groups: number;
  readonly layout: "first" | "last";
}

export const attributesOf = (node: Node) => node.attributes as unknown as Attributes;

/** Published limit of the numbers of a window, with channels filled up to whole dot products. */
const greatestWindow = 65_535;

/** Why a window of that size is too much for an array. */
export function refuseWindow(
  { kernelHeight, kernelWidth, depth }: FilterSizes,
  { lanes }: DotProductArray,
): string | undefined {
  const window = kernelHeight * kernelWidth * Math.ceil(depth / lanes) * lanes;
  return firstOf([window > greatestWindow, `its window has ${window} numbers; the array takes ${greatestWindow}`]);
}

/** Why the weights and bias of a node, its second and third input, can't be those of a command. */
export function refuseWeights(node: Node): string | undefined {
  const [data, weights, bias] = node.inputs as [Value, Value, Value | undefined];
  const { quantization } = weights.type;
  const zeros = quantization?.zeroPoint ?? [];
  return firstOf(
    [weights.constant === undefined, "its weights are not constant"],
    [
      weights.type.dtype !== "i8" && weights.type.dtype !== "i4",
      `its weights are ${weights.type.dtype}; the array takes int8`,
    ],
    [quantization === undefined || quantization.block !== undefined, "its weights have no scale for each channel"],
    [zeros.some((zero) => zero !== 0), "its weights have a zero point"],
    [bias !== undefined && bias.constant === undefined, "its bias is not constant"],
    [
      bias !== undefined && !biasTypes(data).includes(bias.type.dtype),
      `its bias is not ${biasTypes(data).includes("i64") ? "int32 or int64" : "int32"}`,
    ],
  );
}

/** Types that the bias of a layer with such data may have. */
function biasTypes({ type }: Value): readonly DType[] {
  return type.dtype === "i16" ? ["i32", "i64"] : ["i32"];
}

type Scaled = ReturnType<typeof scalingFieldsOf>;

/** Fields of a convolution but for those of weights and scaling. */
type Window = Omit<
  Record<(typeof convolve.fields)[number], number | Place>,
  keyof Scaled | keyof Mapping | "weights" | "weightBytes"
>;

type Sizes = WindowFields & { readonly elementBytes: number; readonly resultBytes: number };

/** Emits a convolution of each of some images, of the same sizes, with the filters of the channels it computes. */
export function emitConvolution(writer: Writer, images: readonly Window[], filters: Int8Array, scaling: Scaled): void {
  const { machine, options } = writer;
  const sizes = images[0] as unknown as Sizes;
  const compresses = machine.features.decompression && allowedMappings(options).length > 1;
  const byDepth = weightArray({ ...sizes, mapping: mappings.depth }, machine.array);
  const weightBytes = compresses ? compressedBytes(filters, sizes, byDepth) : 0;
  let weights: Place | undefined;
  const weightsOf = (array: DotProductArray) => {
    weights ??= writer.constant(packWeights(filters, sizes, sizes.count, array));
    return weights;
  };
  for (const window of images) emitWithWeights(writer, window, scaling, weightsOf, weightBytes);
}

/**
 * Emits a convolution with blocks of weights for the array as they see it, mapped in that of the allowed ways that takes the fewest cycles, and of those
 * the fewest beats of the ports. `weightBytes` is what the weights will be compressed to; 0 if they won't.
 */
export function emitWithWeights(
  writer: Writer,
  window: Window,
  scaling: Scaled,
  weightsOf: (array: DotProductArray) => Place,
  weightBytes = 0,
): void {
  const { machine, options, overheads } = writer;
  const sizes = window as unknown as Sizes;
  const [{ mapping, joined }] = allowedMappings(options)
    .map((way) => ({ ...way, work: convolve.work({ ...sizes, ...way, weightBytes }, machine, overheads) }))
    .sort((a, b) => cyclesOf(a.work) - cyclesOf(b.work) || a.work.beats - b.work.beats);
  const weights = weightsOf(weightArray({ ...sizes, mapping }, machine.array));
  writer.emit(convolve, { ...window, weights, ...scaling, mapping, joined, weightBytes: 0 });
}

/** About what weights will be compressed to in either mapping; 0 if that is no less than they are. */
function compressedBytes(filters: Int8Array, sizes: WindowFields, array: DotProductArray): number {
  const packed = packWeights(filters, sizes, sizes.count, array);
  const groups = Math.ceil(sizes.count / array.pipelines);
  const { length } = compressWeights(packed, { groups, steps: packedSteps(sizes, array), array });
  return length < packed.length ? length : 0;
}

type Mapping = Readonly<Record<"mapping" | "joined", number>>;

function allowedMappings({ mapByLine, joinRows }: MappingOptions): readonly Mapping[] {
  const kinds = mapByLine ? [mappings.depth, mappings.line] : [mappings.depth];
  return kinds.flatMap((mapping) => (joinRows ? [0, 1] : [0]).map((joined) => ({ mapping, joined })));
}

/** Images of one row that have as many pixels. */
export function asOneRow(pixels: number) {
  return { height: 1, width: pixels, outputHeight: 1, outputWidth: pixels, rows: 1 };
}

/** Fields of a window that is every pixel of the data, one after the other. */
export const onePixel = {
  kernelHeight: 1,
  kernelWidth: 1,
  strideY: 1,
  strideX: 1,
  dilationY: 1,
  dilationX: 1,
  top: 0,
  left: 0,
  firstRow: 0,
  firstChannel: 0,
} as const;
