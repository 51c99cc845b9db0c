import type { DType } from "@millrace/ir";

/** Element type of a model's inputs and outputs. */
export type BoundaryType = "int8" | "uint8" | "int16" | "float32";

/** The boundary types by the graph's element types. */
export const boundaryTypes: Readonly<Partial<Record<DType, BoundaryType>>> &
  Readonly<Record<"i8" | "i16" | "f32", BoundaryType>> = { i8: "int8", u8: "uint8", i16: "int16", f32: "float32" };
