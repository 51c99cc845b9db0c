export * from "./import.ts";
export { importers } from "./ops/index.ts";
export { refusals } from "./refusals.ts";
export { importTensor } from "./tensors.ts";
