export {
  type Diagnostic,
  DiagnosticError,
  type Graph,
  type NamedOutput,
  resultOutputs,
  type SizeBounds,
  type SizeRange,
  type Tensor,
} from "@millrace/ir";
export {
  loadSolver,
  type Machine,
  type NpuOptions,
  npuEngine,
  type ProcessorKernels,
  type WeightPlacement,
} from "@millrace/npu";
export { type BlockSize, blockSizes } from "@millrace/passes";
export {
  type BoundaryType,
  type CalibrationMethod,
  findingsOf,
  type LayerAnalysis,
  type LayerScheme,
  observers,
  type RecoveryName,
  type Rounding,
  recoveries,
  roundings,
  type SchemeName,
  schemes,
} from "@millrace/quantize";
export {
  type ArenaBuffer,
  type Engine,
  type MemoryPlan,
  type NamedBuffer,
  type PlanOptions,
  type PreparedGraph,
  planMemory,
  planMemoryInSteps,
  type ReferenceOptions,
  readBuffers,
  referenceEngine,
  serveThread,
  type Thread,
  type ThreadAnswer,
  type ThreadedOptions,
  type ThreadPort,
  type ThreadRequest,
  threadedEngine,
  verifyPlan,
  wasmEngine,
  webThread,
  webThreadPort,
} from "@millrace/runtime";
export type { Advice, Attempt } from "./advice/advise.ts";
export { parseRecipe, type Recipe, recipeOf } from "./advice/recipe.ts";
export type { CalibrationCache } from "./calibration-cache.ts";
export { type Comparison, compare, comparisonReport, isComparable } from "./compare.ts";
export { type Compilation, type CompileOptions, compile } from "./compile.ts";
export {
  type Conversion,
  type ConvertOptions,
  convert,
  type TargetFormat,
  targetOf,
  type Written,
  write,
} from "./convert.ts";
export * from "./data/index.ts";
export { type Dialect, type DialectOptions, type DialectView, dialectView } from "./dialect.ts";
export { diagnosticsOf } from "./errors.ts";
export { type Evaluation, evaluate, type Runnable } from "./evaluate.ts";
export { type ExplainOptions, type Explanation, explain, type NodeExplanation } from "./explain.ts";
export { compileExternally, type ExternalOptions, type ExternalReport } from "./external/compile-externally.ts";
export {
  type ExternalCompiler,
  type ExternalCompilerName,
  externalCompilers,
  requireScheme,
} from "./external/external-compilers.ts";
export type { RunTool, ToolJob, ToolResult } from "./external/run-tool.ts";
export type { ConversionStatistics } from "./external/statistics.ts";
export { inspect, type ModelInfo } from "./inspect.ts";
export { type Inspection, inspectFile } from "./inspect-file.ts";
export {
  isMeasured,
  type KindTime,
  type Latency,
  type OperatorTime,
  type PredictedLatency,
  type PredictedSchedule,
  shareOf,
  timeByKind,
  totalTime,
} from "./latency.ts";
export { type LoadedModel, type LoadOptions, load, type ModelFormat, type ModelSource } from "./load.ts";
export { memoryOf } from "./memory.ts";
export { type Acceleration, accelerate } from "./npu/accelerate.ts";
export { disassemblyOf } from "./npu/disassembly.ts";
export { parseMachine } from "./npu/machine-file.ts";
export type { Mapping } from "./npu/placement.ts";
export { predict } from "./npu/predict.ts";
export { allMachines, machineOf } from "./npu/targets.ts";
export type { VendorBackendName } from "./npu/vendor-backend.ts";
export * from "./npy.ts";
export { type IoLayout, isQuantized, type PreparedModel, prepare } from "./prepare.ts";
export { type ProfileOptions, profile } from "./profile.ts";
export type { Progress, StageTime } from "./progress.ts";
export * from "./quantities.ts";
export { layerErrors, type QuantizeRequest, type QuantizeResult, quantize } from "./quantize.ts";
export { feedsOf, modelInputs, realOutputs } from "./real-values.ts";
export { type Artifact, artifactOf, type LayerReport, type Output, type Report } from "./report.ts";
export { reportHtml } from "./report-html.ts";
export { reportText } from "./report-text.ts";
export { type Results, run } from "./run.ts";
export { syntheticInputs } from "./synthetic-inputs.ts";
