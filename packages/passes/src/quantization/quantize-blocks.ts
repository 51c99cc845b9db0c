import {
  fromBfloat16,
  fromFloat16,
  numbersOf,
  perBlock,
  type Quantization,
  type Tensor,
  toBfloat16,
  toFloat16,
} from "@millrace/ir";
import { roundAway, weightLimits } from "./stored-constants.ts";

/** How many neighbours of a row of weights can share a scale: what XNNPACK takes. */
export const blockSizes = [32, 64, 128, 256] as const;
export type BlockSize = (typeof blockSizes)[number];

/** TFLite's own kernel of weights in blocks works on so many rows at a time. */
export const fewestBlockedRows = 4;

/** Integers and how they stand for reals. */
interface BlockedWeights {
  readonly tensor: Tensor;
  readonly quantization: Quantization;
}

/** The greatest float16 number. */
export const greatestHalf = 65504;

/**
 * Symmetric int4 weights [rows, depth] with a scale for each `block` neighbours of a row: max|w| / 7, or 1 for a block of zeros, as a float16 number
 * that bfloat16 has too, in which XNNPACK keeps it. Undefined where TFLite takes no such blocks: they have to fill the rows, of which there may not be
 * too few, and their scales have to fit float16.
 */
export function quantizeBlocks(tensor: Tensor, block: BlockSize): BlockedWeights | undefined {
  const [rows, depth] = tensor.shape;
  if (tensor.shape.length !== 2 || rows < fewestBlockedRows || depth === 0 || depth % block !== 0) return undefined;
  const values = numbersOf(tensor);
  const scale = Array.from({ length: values.length / block }, (_, index) => neededScale(values, index * block, block));
  if (!scale.every((step) => step <= greatestHalf)) return undefined;
  const data = Int8Array.from(values, (value, at) => {
    const steps = roundAway(value / scale[Math.floor(at / block)]);
    return Math.min(weightLimits.i4, Math.max(-weightLimits.i4, steps));
  });
  return { tensor: { dtype: "i4", shape: tensor.shape, data }, quantization: perBlock(scale, 1, block) };
}

/** The float16 number above 0 nearest to a scale that bfloat16 has too. */
export function blockScale(scale: number): number {
  return fromFloat16(Math.max(1, toFloat16(fromBfloat16(toBfloat16(scale)))));
}

function neededScale(values: ArrayLike<number>, from: number, block: number): number {
  let peak = 0;
  for (let at = from; at < from + block; at++) peak = Math.max(peak, Math.abs(values[at]));
  return peak === 0 ? 1 : blockScale(peak / weightLimits.i4);
}
