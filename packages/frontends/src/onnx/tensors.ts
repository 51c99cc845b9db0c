import type { DType } from "@millrace/ir";

/** Element types by their code in the file; strings, complex numbers, 8-bit floats and 2-bit integers are none of them. */
const elementTypes: ReadonlyMap<number, DType> = new Map([
  [1, "f32"],
  [2, "u8"],
  [3, "i8"],
  [4, "u16"],
  [5, "i16"],
  [6, "i32"],
  [7, "i64"],
  [9, "bool"],
  [10, "f16"],
  [11, "f64"],
  [12, "u32"],
  [13, "u64"],
  [16, "bf16"],
  [21, "u4"],
  [22, "i4"],
]);
