import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { looksLikeOnnx, readOnnx, readTensorProto, writeOnnx, writeTensorProto } from "./file.ts";
import type { OnnxModel } from "./model.ts";
import { decodeTensor, encodeTensor } from "./tensor.ts";

const shared = new URL("../../../../../shared/", import.meta.url);

/** The files of a gzipped tar archive by name. */
function untar(path: string): Map<string, Uint8Array> {
  const archive = gunzipSync(readFileSync(new URL(path, shared)));
  const text = (start: number, length: number) =>
    archive.toString("latin1", start, start + length).replace(/\0.*$/s, "");
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    files.set(text(at, 100), archive.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

function survives(bytes: Uint8Array): boolean {
  const model = readOnnx(bytes);
  for (const tensor of model.graph.initializers) decodeTensor(tensor);
  return isDeepStrictEqual(readOnnx(writeOnnx(model)), model);
}

/** Whether the file of an input is a tensor; a sequence or optional is another message. */
function isTensorInput(model: OnnxModel, at: number): boolean {
  return model.graph.inputs[at]?.type?.tensor !== undefined;
}

describe.skipIf(!existsSync(shared))("files of other tools (absent: shared fixtures and assets)", () => {
  test.each(["fixtures/", "assets/"])("models under %s are the same after writing and reading", (folder) => {
    const root = new URL(folder, shared);
    const names = (readdirSync(root, { recursive: true }) as string[]).filter((name) => name.endsWith(".onnx"));
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !survives(readFileSync(new URL(name, root))))).toEqual([]);
  });

  test.each([
    "onnx_node",
    "onnx_light",
    "onnx_pytorch_converted",
    "onnx_pytorch_operator",
    "onnx_simple",
    "onnx2c_local_ops",
  ])("conformance archive %s", (archive) => {
    const files = [...untar(`assets/conformance/${archive}.tar.gz`)].filter(([name]) => name.endsWith(".onnx"));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter(([, bytes]) => !survives(bytes)).map(([name]) => name)).toEqual([]);
  });

  test("test inputs have the type and rank that their models declare, and survive decoding and encoding", () => {
    const files = untar("assets/conformance/onnx_node.tar.gz");
    let checked = 0;
    for (const [name, bytes] of files) {
      const [, folder, at] = /^(.*)\/test_data_set_0\/input_(\d+)\.pb$/.exec(name) ?? [];
      if (folder === undefined) continue;
      const model = readOnnx(files.get(`${folder}/model.onnx`)!);
      if (!isTensorInput(model, Number(at))) continue;
      const { tensor: type } = model.graph.inputs[Number(at)]!.type!;
      const tensor = readTensorProto(bytes);
      expect([name, looksLikeOnnx(bytes)]).toEqual([name, false]);
      expect([name, tensor.dataType, tensor.dims.length]).toEqual([name, type!.elementType, type!.shape!.dims.length]);
      const value = decodeTensor(tensor);
      const again = decodeTensor(readTensorProto(writeTensorProto(encodeTensor(tensor.name, value))));
      expect([name, isDeepStrictEqual(again, value)]).toEqual([name, true]);
      checked++;
    }
    expect(checked).toBeGreaterThan(2000);
  });

  test.each(["int4", "int2", "uint2"])(
    "%s elements have the values that a test of DequantizeLinear expects",
    (type) => {
      const files = untar("assets/conformance/onnx_node.tar.gz");
      const read = (name: string) => {
        const bytes = files.get(`test_dequantizelinear_${type}/test_data_set_0/${name}.pb`)!;
        return Array.from(decodeTensor(readTensorProto(bytes)).data, Number);
      };
      const [[scale], [zeroPoint]] = [read("input_1"), read("input_2")];
      expect(read("input_0").map((value) => (value - zeroPoint!) * scale!)).toEqual(read("output_0"));
    },
  );
});
