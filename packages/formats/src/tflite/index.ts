export type { FormatWarning } from "../flatbuffer/read.ts";
export { type CustomOptions, readCustomOptions, writeCustomOptions } from "./custom-options.ts";
export { metadataBytes, minRuntimeVersionBuffer } from "./metadata.ts";
export { packInt2, packInt4, unpackInt2, unpackInt4 } from "./pack.ts";
export { type ReadOptions, readTflite } from "./read.ts";
export {
  activationFunctions,
  customOptionsFormats,
  mirrorPadModes,
  paddings,
  tensorTypes,
} from "./schema/enumerations.ts";
export { builtinOperators } from "./schema/operators.ts";
export type * from "./types.ts";
export { type WriteOptions, writeTflite, writeTfliteParts } from "./write.ts";
