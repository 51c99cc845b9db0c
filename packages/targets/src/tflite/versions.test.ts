import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readTflite, type TfliteModel } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import { type DType, perTensor, type ValueType } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { exportTflite } from "./export.ts";
import { runtimeVersion } from "./runtime-versions.ts";
import { versionOf } from "./versions.ts";

const type = (dtype: DType, shape: readonly number[] = [1, 4, 4, 2], quantized = true): ValueType => ({
  dtype,
  shape,
  ...(quantized && dtype !== "f32" && { quantization: perTensor(1, 0) }),
});
const weights = type("i8", [2, 3, 3, 2]);

describe("operator versions", () => {
  it.each([
    ["ADD", [type("f32"), type("f32")], {}, 1],
    ["ADD", [type("i8"), type("i8")], {}, 2],
    ["ADD", [type("i16"), type("i16")], {}, 3],
    ["ADD", [type("i64", [1], false), type("i64", [1], false)], {}, 4],
    ["CONV_2D", [type("f32"), type("f32")], {}, 1],
    ["CONV_2D", [type("i8"), weights], {}, 3],
    ["CONV_2D", [type("i16"), weights], {}, 4],
    ["CONV_2D", [type("i8"), type("i8", [2, 3, 3, 1])], {}, 6],
    ["CONV_2D", [type("i8"), type("i4", [2, 3, 3, 2])], {}, 7],
    ["CONV_2D", [type("i16"), weights], { quantizedBiasType: "INT32" }, 8],
    ["DEPTHWISE_CONV_2D", [type("f32"), type("f32")], { dilationHFactor: 1, dilationWFactor: 2 }, 2],
    ["FULLY_CONNECTED", [type("i8"), weights], { keepNumDims: false }, 4],
    ["FULLY_CONNECTED", [type("i8"), weights], { keepNumDims: true }, 5],
    ["MUL", [type("i8"), type("i8")], {}, 3],
    ["PAD", [type("f32", [1, 1, 1, 1, 1])], {}, 4],
    ["TRANSPOSE", [type("i8", [1, 1, 1, 1, 1, 1])], {}, 6],
    ["SUB", [type("f32", [1, 1, 1, 1, 2]), type("f32", [])], {}, 3],
    ["RESIZE_BILINEAR", [type("f32")], { halfPixelCenters: true }, 3],
    ["BROADCAST_TO", [type("f32")], {}, 2],
  ] as const)("%s of %j with %j has version %i", (builtin, inputs, options, version) => {
    const signature = { inputs, outputs: [inputs[0]], options: { kind: "AddOptions", ...options } as never };
    expect(versionOf(builtin, signature)).toBe(version);
  });

  it("need the newest runtime of all", () => {
    expect(
      runtimeVersion([
        { builtin: "CONV_2D", version: 3 },
        { builtin: "GELU", version: 1 },
        { builtin: "ADD", version: 2 },
      ]),
    ).toBe("2.9.0");
  });
});

const kernels = new URL("../../../../../shared/fixtures/kernels/", import.meta.url);

/** Files not written by TensorFlow's converter, whose versions are not those of their operators. */
const handBuilt = /INT4|QUANTIZE|hand_/;

function codesOf({ operatorCodes }: TfliteModel): readonly string[] {
  return operatorCodes.map(({ builtinCode, version }) => `${builtinCode} ${version}`).sort();
}

function namesOf({ operatorCodes }: TfliteModel): string {
  return `${operatorCodes.map(({ builtinCode }) => builtinCode).sort()}`;
}

describe.skipIf(!existsSync(kernels))("stored int8 operators", () => {
  const files = existsSync(kernels)
    ? readdirSync(kernels, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tflite"))
    : [];

  it("get the versions that TensorFlow's converter gives them", () => {
    let count = 0;
    for (const file of files.filter((name) => !name.includes("i16") && !handBuilt.test(name))) {
      const model = readTflite(new Uint8Array(readFileSync(new URL(file, kernels))));
      let written: TfliteModel;
      try {
        written = exportTflite(importTflite(model).graph).model;
      } catch {
        continue;
      }
      if (namesOf(written) !== namesOf(model)) continue;
      expect({ file, codes: codesOf(written) }).toEqual({ file, codes: codesOf(model) });
      count++;
    }
    expect(count).toBeGreaterThan(150);
  });
});
