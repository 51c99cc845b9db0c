import { FormatError } from "../error.ts";
import { decodeMessage } from "./decode.ts";
import { encodeMessage } from "./encode.ts";
import type { OnnxModel, OnnxTensor } from "./model.ts";
import { WireReader } from "./reader.ts";
import { modelMessage, tensorMessage } from "./schema.ts";

/** ONNX began to ask for opset imports with this IR version. */
const opsetImportsSince = 3;
const versionField = 1;
/** Far above any version, far below what other formats have in the place of one. */
const maximumVersion = 1000;

/**
 * Reads a model; tensors are views of `bytes`. Throws FormatError `onnx.not-onnx`, `onnx.truncated`, `onnx.malformed`, `onnx.too-deep` or
 * `onnx.too-large`. Only the encoding is checked: what names refer to, and the tensors' contents, is for later readers.
 */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  if (!looksLikeOnnx(bytes))
    throw new FormatError("onnx.not-onnx", `The file (${bytes.length} bytes) is not an ONNX model.`, {
      hint: "Give a .onnx file; other formats have readers of their own.",
      where: "byte 0",
    });
  const model = decodeMessage(new WireReader(bytes), modelMessage);
  const missing = model.graph === undefined ? "graph" : missesOpsets(model) ? "opset_import" : undefined;
  if (missing !== undefined)
    throw new FormatError("onnx.truncated", `The ONNX file has no ${missing}; it may be cut short.`, {
      hint: "Download or export the file again and compare its size with the original's.",
      where: missing,
    });
  return model;
}

/**
 * Writes a model; reading it back gives an equal model. Throws FormatError `onnx.too-large` at 2 GiB, `onnx.too-deep` and
 * `onnx.not-an-integer`.
 */
export function writeOnnx(model: OnnxModel): Uint8Array {
  return encodeMessage(modelMessage, model);
}

/** Reads a single TensorProto, such as the `.pb` files of test data. Throws as `readOnnx` does. */
export function readTensorProto(bytes: Uint8Array): OnnxTensor {
  return decodeMessage(new WireReader(bytes), tensorMessage);
}

export function writeTensorProto(tensor: OnnxTensor): Uint8Array {
  return encodeMessage(tensorMessage, tensor);
}

/**
 * Whether `bytes` have the outermost fields of a model, with an IR version among them. True also for a model that is cut short after its
 * IR version, so that reading it can say so.
 */
export function looksLikeOnnx(bytes: Uint8Array): boolean {
  const reader = new WireReader(bytes);
  let version = 0;
  try {
    for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
      const known = modelMessage.byNumber[tag >>> 3];
      if (known === undefined ? version === 0 : known.tag !== tag) return false;
      reader.skip(tag & 7);
      if (tag >>> 3 === versionField) version = reader.high * 2 ** 32 + reader.low;
    }
  } catch {
    // The version may stand before the place where the file ends.
  }
  return version > 0 && version <= maximumVersion;
}

function missesOpsets(model: OnnxModel): boolean {
  return model.irVersion >= opsetImportsSince && model.opsetImports.length === 0;
}
