import { FormatError } from "../error.ts";
import type { OnnxTensor } from "./model.ts";

/** The files that stand beside a model. `location` is relative, with `/` between its parts, and never leaves the model's folder. */
export interface ExternalData {
  /** The whole file, or undefined when there is none. */
  read(location: string): Uint8Array | undefined;
}

/**
 * The `size` bytes of a tensor that are stored outside of the model. The checksum key is not verified.
 * Throws FormatError `onnx.external-data-escape`, `onnx.external-data-missing` or `onnx.external-data-range`.
 */
export function readExternal(tensor: OnnxTensor, size: number, external: ExternalData | undefined): Uint8Array {
  const entries = new Map(tensor.externalData?.map(({ key, value }) => [key, value]));
  const location = resolveLocation(entries.get("location") ?? "", tensor.name);
  const file = external?.read(location);
  if (file === undefined)
    throw failure("missing", tensor.name, `is stored in "${location}", which is not there`, {
      hint: `Give the file "${location}" together with the model.`,
    });
  const offset = numberOf(entries.get("offset") ?? "0");
  const length = numberOf(entries.get("length") ?? `${size}`);
  if (length === size && offset <= file.length - size) return bytesOf(file).subarray(offset, offset + size);
  const where = `bytes ${entries.get("offset") ?? 0} + ${entries.get("length") ?? size} of "${location}"`;
  throw failure("range", tensor.name, `needs ${size} bytes and is said to be in ${where}, which has ${file.length}`, {
    hint: "Check that the data file belongs to this model and is complete.",
  });
}

/**
 * A location as `ExternalData` gets it: parts joined by `/`, without `.` parts. Throws FormatError `onnx.external-data-escape` for one
 * that could mean a file outside of the model's folder on any system.
 */
export function resolveLocation(location: string, tensor: string): string {
  const parts = location.split("/").filter((part) => part !== ".");
  const isName = (part: string) => /[^. ]/.test(part);
  if (parts.length > 0 && parts.every(isName) && !/[\\\0]|^[A-Za-z]:/.test(location)) return parts.join("/");
  throw failure("escape", tensor, `has the external data location ${JSON.stringify(location)}, which is not allowed`, {
    hint: "Locations are relative file names inside the model's folder, with / between parts.",
  });
}

/** A decimal number of bytes; NaN for anything else, which fits no file. */
function numberOf(text: string): number {
  return /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function bytesOf(file: Uint8Array): Uint8Array {
  return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
}

function failure(code: string, tensor: string, problem: string, options: { hint: string }): FormatError {
  return new FormatError(`onnx.external-data-${code}`, `Tensor "${tensor}" ${problem}.`, { ...options, where: tensor });
}
