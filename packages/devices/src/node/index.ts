export { folderFiles, type FolderFiles } from "./files.ts";
export { nodeOnnxruntime } from "./onnxruntime.ts";
export { createLiteRt } from "./litert.ts";
export { createTfjsTflite } from "./tfjs-tflite.ts";
export type { TfliteRunner, TfliteRuntime, TfliteTensorInfo } from "./tflite-runtime.ts";
