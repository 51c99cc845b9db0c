import { existsSync, readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { looksLikeOnnx, readOnnx, readTensorProto, writeOnnx, writeTensorProto } from "./file.ts";
import { decodeTensor } from "./tensor.ts";

const shared = new URL("../../../../../shared/", import.meta.url);

/** The files of a tar archive by name. */
function untar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const text = (start: number, length: number) =>
    new TextDecoder().decode(archive.subarray(start, start + length)).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    files.set(text(at, 100), archive.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

function conformance(name: string): Map<string, Uint8Array> {
  return untar(gunzipSync(readFileSync(new URL(`assets/conformance/${name}.tar.gz`, shared))));
}

function modelFiles(folder: string): string[] {
  const root = new URL(folder, shared);
  const names = readdirSync(root, { recursive: true }) as string[];
  return names.filter((name) => name.endsWith(".onnx")).map((name) => folder + name);
}

describe.skipIf(!existsSync(shared))("models of other tools (absent: shared fixtures and assets)", () => {
  test.each([...modelFiles("fixtures/"), ...modelFiles("assets/")])("%s", (name) => {
    const model = readOnnx(readFileSync(new URL(name, shared)));
    expect(readOnnx(writeOnnx(model))).toEqual(model);
    for (const tensor of model.graph.initializers) decodeTensor(tensor);
  });
});
