import { basename, dirname } from "node:path";
import type { LoadOptions, ModelSource } from "@millrace/toolkit";
import { folderReader, readWholeFile } from "./read-file.ts";

/** What every command takes, for its help. */
export const modelFile = "model file: .onnx, .tflite, .pt2 or .pte";

/** A model file. Data that it refers to is read only from within its own folder. */
export function readModel(path: string): ModelSource {
  return { name: basename(path), bytes: readWholeFile(path), externalData: folderReader(dirname(path)) };
}

/** Whether a file is a model of integers, which is compiled as it is. */
export async function isIntegerModel(path: string): Promise<boolean> {
  const { isQuantized, load } = await import("@millrace/toolkit");
  return isQuantized(load(readModel(path)).graph);
}

export interface ShapeOptions {
  readonly shape?: ReadonlyMap<string, readonly number[]>;
  readonly dim?: ReadonlyMap<string, number>;
}

export function loadOptionsOf({ shape, dim }: ShapeOptions): LoadOptions {
  return { ...(shape && { shapes: shape }), ...(dim && { dimensions: dim }) };
}
