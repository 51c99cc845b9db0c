import { i32, index, list, table, text, u8, u32, u64 } from "../../flatbuffer/fields.ts";
import { scalarType } from "./enumerations.ts";

/** The tables of a data file's FlatBuffer, identifier FT01. */
export const flatTensorTables = {
  FlatTensor: {
    version: u32(),
    segments: list(table("DataSegment")),
    namedData: list(table("NamedData")),
  },
  DataSegment: { offset: u64(), size: u64() },
  NamedData: { key: text, segmentIndex: index("u32", "segments"), tensorLayout: table("TensorLayout") },
  TensorLayout: { scalarType, sizes: list(i32()), dimOrder: list(u8()) },
} as const;
