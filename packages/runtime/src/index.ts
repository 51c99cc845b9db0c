export * from "./engine.ts";
export * from "./feeds.ts";
export * from "./interpreter.ts";
