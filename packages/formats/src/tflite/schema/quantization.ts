import { bytes, f32, i32, i64, index, table, u16, union, vector } from "../../flatbuffer/fields.ts";
import { dimensionType } from "./enumerations.ts";

const sparseIndexVector = union(["Int32Vector", "Uint16Vector", "Uint8Vector"]);

/** How a tensor's stored numbers stand for real ones, and which of them are stored. */
export const quantizationTables = {
  QuantizationParameters: {
    min: vector(f32()),
    max: vector(f32()),
    scale: vector(f32()),
    zeroPoint: vector(i64()),
    details: union(["CustomQuantization", "BlockwiseQuantization", "MultiAxisQuantization"]),
    quantizedDimension: i32(),
  },
  CustomQuantization: { custom: bytes(16) },
  BlockwiseQuantization: {
    scales: index("i32", "tensors"),
    zeroPoints: index("i32", "tensors", "optional"),
    blockSize: i32(),
  },
  MultiAxisQuantization: {
    scales: index("i32", "tensors"),
    zeroPoints: index("i32", "tensors", "optional"),
    blockSize: i32(),
    quantizedDimensions: vector(i32()),
  },
  SparsityParameters: {
    traversalOrder: vector(i32()),
    blockMap: vector(i32()),
    dimMetadata: vector(table("DimensionMetadata")),
  },
  DimensionMetadata: {
    format: dimensionType,
    denseSize: i32(),
    arraySegments: sparseIndexVector,
    arrayIndices: sparseIndexVector,
  },
  Int32Vector: { values: vector(i32()) },
  Uint16Vector: { values: vector(u16(), 4) },
  Uint8Vector: { values: bytes(4) },
} as const;
