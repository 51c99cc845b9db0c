import type { Tensor, TensorData } from "@millrace/ir";
import type { IntegerData } from "./kernel.ts";

/** Working memory that kernels of one engine take turns to use: what is in it is void when another kernel runs. */
export interface Scratch {
  /** At least `count` numbers of unknown content. */
  take(count: number): Float64Array;
}

export function createScratch(): Scratch {
  let memory = new Float64Array(0);
  return {
    take(count) {
      if (memory.length < count) memory = new Float64Array(count);
      return memory;
    },
  };
}

function subtract(source: IntegerData, zeroPoint: number, result: Float64Array): Float64Array {
  for (let index = 0; index < source.length; index++) result[index] = source[index] - zeroPoint;
  return result;
}

/** Stored integers less their zero point, in scratch memory, with room for `spare` more. */
export function centered(scratch: Scratch, { data }: Tensor, zeroPoint: number, spare = 0): Float64Array {
  return subtract(data as IntegerData, zeroPoint, scratch.take(data.length + spare));
}

/** Brings a tensor's elements into working memory as the numbers to multiply, with room for `spare` more. */
export type Center = (tensor: Tensor, spare: number) => Float64Array;

/** Stored integers less their zero point. */
export function centerOf(scratch: Scratch, zeroPoint: number): Center {
  return (tensor, spare) => centered(scratch, tensor, zeroPoint, spare);
}

/** Stored integers less their zero point, to be kept. */
export function centeredCopy(data: TensorData, zeroPoint: number): Float64Array {
  return subtract(data as IntegerData, zeroPoint, new Float64Array(data.length));
}
