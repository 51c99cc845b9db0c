export * from "./engine.ts";
export * from "./feeds.ts";
export * from "./interpreter.ts";
export { integerKernelGap } from "./plan.ts";
export * from "./planner/index.ts";
export * from "./threads/index.ts";
export * from "./wasm/engine.ts";
