export * from "./calibrate.ts";
export * from "./compare.ts";
export * from "./quantize.ts";
export * from "./range.ts";
