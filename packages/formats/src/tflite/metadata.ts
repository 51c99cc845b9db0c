import { FormatError } from "../error.ts";
import type { TfliteModel } from "./types.ts";

const versionBytes = 16;

/**
 * The contents of the metadata buffer `min_runtime_version`: the version (as "1.14.0") padded with NUL to 16 bytes.
 * Throws FormatError `tflite.bad-value` for one that is not digits and dots or is over 16 letters.
 */
export function minRuntimeVersionBuffer(version: string): Uint8Array {
  if (!/^\d+(\.\d+)*$/.test(version) || version.length > versionBytes) {
    throw new FormatError("tflite.bad-value", `"${version}" is no runtime version`, { hint: 'give one like "1.14.0"' });
  }
  const buffer = new Uint8Array(versionBytes);
  buffer.set(new TextEncoder().encode(version));
  return buffer;
}

/** The contents of the metadata entry with this name, if the model has one. */
export function metadataBytes(model: TfliteModel, name: string): Uint8Array | undefined {
  const entry = model.metadata?.find((candidate) => candidate.name === name);
  return entry && model.buffers[entry.buffer]?.data;
}
