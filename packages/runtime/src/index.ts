export * from "./engine.ts";
export * from "./feeds.ts";
export * from "./interpreter.ts";
export * from "./planner/index.ts";
export * from "./wasm/engine.ts";
