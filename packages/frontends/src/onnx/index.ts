export * from "./import.ts";
export { importers } from "./ops/index.ts";
