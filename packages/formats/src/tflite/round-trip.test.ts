import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type FormatWarning, readTflite, writeTflite } from "./index.ts";

const shared = new URL("../../../../../shared/", import.meta.url);
const archive = new URL("assets/conformance/litert_small_tflite.tar.gz", shared);

function roundTrip(bytes: Uint8Array): FormatWarning[] {
  const warnings: FormatWarning[] = [];
  const model = readTflite(bytes, { warn: (warning) => warnings.push(warning) });
  const written = writeTflite(model);
  const again = readTflite(written);
  expect(isDeepStrictEqual(again, model)).toBe(true);
  expect(Buffer.compare(writeTflite(again), written)).toBe(0);
  for (const { data } of again.buffers) {
    if (data === undefined) continue;
    expect(data.buffer).toBe(written.buffer);
    expect(data.byteOffset % 16).toBe(0);
  }
  return warnings;
}

function* tarMembers(tar: Uint8Array): Generator<[name: string, bytes: Uint8Array]> {
  const text = (at: number, size: number): string =>
    Buffer.from(tar.subarray(at, at + size))
      .toString()
      .split("\0")[0]!;
  for (let at = 0; text(at, 100) !== ""; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    if (text(at + 156, 1) !== "5") yield [text(at, 100), tar.subarray(at + 512, at + 512 + size)];
    at += 512 + 512 * Math.ceil(size / 512);
  }
}

describe.skipIf(!existsSync(shared))(
  "files of other tools, read, written and read back (skipped without ../shared)",
  () => {
    it("takes every .tflite file in the shared folder", { timeout: 30_000 }, () => {
      const names = ["fixtures", "assets"].flatMap((folder) =>
        readdirSync(new URL(folder, shared), { recursive: true, encoding: "utf8" })
          .filter((name) => name.endsWith(".tflite") && !/tflite_zoo$/.test(name))
          .map((name) => `${folder}/${name}`),
      );
      expect(names.length).toBeGreaterThan(200);
      for (const name of names) {
        const warnings = roundTrip(readFileSync(new URL(name, shared)));
        expect(warnings, name).toEqual([]);
      }
    });

    it("takes LiteRT's own test files, among them one of schema version 2", () => {
      const warnings = [...tarMembers(gunzipSync(readFileSync(archive)))].flatMap(([name, bytes]) =>
        roundTrip(bytes).map(({ code }) => [name.split("/").at(-1), code]),
      );
      expect(warnings).toEqual([["transpose.bin", "tflite.unusual-version"]]);
    });

    it("finds in a file with appended buffers them in place", () => {
      const members = new Map(tarMembers(gunzipSync(readFileSync(archive))));
      const bytes = members.get("litert/test/testdata/simple_group_norm_op.tflite")!;
      const { buffers } = readTflite(bytes);
      expect(buffers[2]!.data!.byteOffset).toBe(bytes.byteOffset + 3360);
      expect(new Float32Array(buffers[2]!.data!.slice().buffer)).toEqual(new Float32Array([1, 1]));
    });

    it("reads a real model's fields", () => {
      const model = readTflite(readFileSync(new URL("assets/tflm/person_detect.tflite", shared)));
      expect(model.version).toBe(3);
      const bias = model.subgraphs[0]!.tensors.find(
        ({ shape, quantization }) => shape.length === 1 && quantization?.quantizedDimension === 3,
      );
      expect(bias?.type).toBe("INT32");
      expect(model.operatorCodes.map(({ builtinCode }) => builtinCode)).toContain("DEPTHWISE_CONV_2D");
      const options = model.subgraphs[0]!.operators[0]!.builtinOptions;
      expect(options?.kind).toBe("DepthwiseConv2DOptions");
      if (options?.kind === "DepthwiseConv2DOptions") expect(options.padding).toBe("SAME");
    });
  },
);
