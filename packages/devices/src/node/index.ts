export { type FolderFiles, folderFiles } from "./files.ts";
export { findExecutable } from "./find-executable.ts";
export { createLiteRt } from "./litert.ts";
export { nodeThreadPort, startNodeThread } from "./node-thread.ts";
export { nodeOnnxruntime } from "./onnxruntime.ts";
export { runTool, type ToolJob, type ToolResult } from "./run-tool.ts";
export { createTfjsTflite } from "./tfjs-tflite.ts";
export { type TfliteEngineOptions, tfliteEngine } from "./tflite-engine.ts";
export type { TfliteRunner, TfliteRuntime, TfliteTensorInfo } from "./tflite-runtime.ts";
