import type { Engine } from "@millrace/runtime";
import { type OnnxruntimeModule, onnxruntimeEngine } from "../onnxruntime/index.ts";

/** The float engine of Node: onnxruntime's CPU library, loaded when first used. */
export function nodeOnnxruntime(): Engine {
  return onnxruntimeEngine(async () => (await import("onnxruntime-node")) as unknown as OnnxruntimeModule);
}
