import type { DType } from "@millrace/ir";

/** Element types a dataset.json may name, as the tensors' types. */
export const storedTypes = {
  float16: "f16",
  float32: "f32",
  float64: "f64",
  int8: "i8",
  uint8: "u8",
  int16: "i16",
  uint16: "u16",
  int32: "i32",
  uint32: "u32",
  int64: "i64",
  uint64: "u64",
  bool: "bool",
} as const satisfies Record<string, DType>;

export type StoredType = keyof typeof storedTypes;

export type SampleLayout = "HWC" | "CHW";

/** Index of the channel dimension of a sample; without a layout the last one. */
export function channelAxis(rank: number, layout: SampleLayout | undefined): number {
  return layout === "CHW" ? 0 : rank - 1;
}
