export * from "./import.ts";
export { importers } from "./ops/index.ts";
export { importTensor } from "./tensors.ts";
