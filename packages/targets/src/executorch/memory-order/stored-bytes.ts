import { bytesOf } from "@millrace/ir";
import { transposeTensor } from "@millrace/ops";
import type { EdgeTensor } from "../edge-program.ts";

/** The bytes of a parameter as they stand in a file. */
export function storedBytes({ constant, dimOrder }: EdgeTensor): Uint8Array {
  return bytesOf(dimOrder ? transposeTensor(constant!, dimOrder) : constant!);
}
