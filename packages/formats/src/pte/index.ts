export type { FormatWarning } from "../flatbuffer/read.ts";
export { readPtd, writePtd } from "./ptd.ts";
export { type PteReadOptions, readPte } from "./read.ts";
export { scalarTypes, shapeDynamisms, tensorDataLocations } from "./schema/enumerations.ts";
export { instructionKinds, valueKinds } from "./schema/program.ts";
export type * from "./types.ts";
export { type PteWriteOptions, writePte, writePteParts } from "./write.ts";
