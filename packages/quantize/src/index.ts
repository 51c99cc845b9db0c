export * from "./calibrate.ts";
export * from "./compare.ts";
export { requireFiniteWeights } from "./finite-weights.ts";
export { inputRangeWarnings } from "./input-range.ts";
export { type CalibrationMethod, observers } from "./observers/observers.ts";
export * from "./quantize.ts";
export * from "./range.ts";
export { type RecoveryName, recoveries, recoveryPasses } from "./recovery/recoveries.ts";
export { type LayerScheme, type Scheme, type SchemeName, schemes } from "./scheme.ts";
