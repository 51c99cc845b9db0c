export { decodeAttribute, encodeAttribute, type OnnxAttributeKind, type OnnxAttributeValue } from "./attribute.ts";
export { dataTypeCode, dataTypeOf, type OnnxArray, type OnnxDataType, type OnnxNumberType } from "./data-type.ts";
export { type ExternalData, resolveLocation } from "./external-data.ts";
export { looksLikeOnnx, readOnnx, readTensorProto, writeOnnx, writeTensorProto } from "./file.ts";
export type * from "./model.ts";
export { decodeSparseTensor, type SparseOptions } from "./sparse-tensor.ts";
export { decodeTensor, encodeTensor, type OnnxTensorValue } from "./tensor.ts";
export type * from "./type-info.ts";
