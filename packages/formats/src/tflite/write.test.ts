import { describe, expect, it } from "vitest";
import { positionOf } from "../flatbuffer/position.testing.ts";
import { Trail } from "../flatbuffer/trail.ts";
import { writeRoot } from "../flatbuffer/write.ts";
import { example } from "./example.testing.ts";
import { type FormatWarning, readTflite, type TfliteDraft, writeTflite, writeTfliteParts } from "./index.ts";
import { tables } from "./schema/tables.ts";

const failure = (draft: unknown): unknown => {
  try {
    return writeTflite(draft as TfliteDraft<"Model">);
  } catch (error) {
    return error;
  }
};

const joined = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

describe("files that pass the limit of a FlatBuffer", () => {
  const custom = { opcodeIndex: 0, customOptions: Uint8Array.of(1, 2, 3) };
  const model: TfliteDraft<"Model"> = {
    buffers: [{}, { data: new Uint8Array(5000).fill(7) }, { data: new Uint8Array(0) }, { data: Uint8Array.of(9) }],
    operatorCodes: [{ builtinCode: "CUSTOM", customCode: "own" }],
    subgraphs: [{ tensors: [{ buffer: 1 }, { buffer: 3 }], operators: [custom, { opcodeIndex: 0 }] }],
  };

  it("have buffers and custom options behind it, aligned, and give the same model", () => {
    const limit = { largestFlatBuffer: 4096 };
    const bytes = writeTflite(model, limit);
    const apart = readTflite(bytes);
    expect(apart).toEqual(readTflite(writeTflite(model)));
    const places = [apart.buffers[1]!.data!, apart.buffers[3]!.data!].map(({ byteOffset }) => byteOffset);
    expect(places.map((place) => place % 16)).toEqual([0, 0]);
    expect(places[1]).toBe(places[0]! + 5008);
    expect(places[0]).toBeLessThan(1000);
    expect(apart.subgraphs[0]!.operators[0]!.customOptions!.byteOffset).toBeGreaterThan(places[1]!);
    expect(Buffer.compare(writeTflite(apart, limit), bytes)).toBe(0);
  });

  it("are not split sooner than they must", () => {
    const size = writeTflite(model).length;
    expect(writeTflite(model, { largestFlatBuffer: size + 200 })).toEqual(writeTflite(model));
    expect(writeTflite(model, { largestFlatBuffer: size - 1 })).not.toEqual(writeTflite(model));
  });

  it("come in parts without a copy of their buffers", () => {
    const parts = writeTfliteParts(model, { largestFlatBuffer: 4096 });
    expect(parts).toContain(model.buffers![1]!.data);
    expect(joined(parts)).toEqual(writeTflite(model, { largestFlatBuffer: 4096 }));
    expect(joined(writeTfliteParts(model))).toEqual(writeTflite(model));
  });
});

describe("writeTflite", () => {
  it("fills in the schema's defaults on reading back", () => {
    const { version, subgraphs } = readTflite(writeTflite(example));
    expect(version).toBe(3);
    expect(subgraphs[0]!.operators[0]).toEqual({
      opcodeIndex: 0,
      inputs: [0, 1, -1],
      outputs: [2],
      builtinOptions: {
        kind: "Conv2DOptions",
        padding: "VALID",
        strideW: 1,
        strideH: 2,
        fusedActivationFunction: "NONE",
        dilationWFactor: 1,
        dilationHFactor: 1,
        quantizedBiasType: "FLOAT32",
      },
      customOptionsFormat: "FLEXBUFFERS",
      debugMetadataIndex: -1,
    });
    expect(subgraphs[0]!.tensors[0]).toEqual({
      name: "x",
      shape: [1, 2, 2, 1],
      shapeSignature: [-1, 2, 2, 1],
      type: "INT8",
      buffer: 0,
      quantization: { scale: [0.5], zeroPoint: [-128n], quantizedDimension: 0 },
      isVariable: false,
      hasRank: false,
      externalBuffer: 0,
    });
  });

  it("stores equal buffers apart and aligns each", () => {
    const { buffers } = readTflite(writeTflite(example));
    const [, one, two] = buffers;
    expect(one!.data).toEqual(two!.data);
    expect(one!.data!.byteOffset).not.toBe(two!.data!.byteOffset);
    expect([one!.data!.byteOffset % 16, two!.data!.byteOffset % 16]).toEqual([0, 0]);
  });

  it("leaves defaults out and shares field lists", () => {
    const twice = (extra: object): TfliteDraft<"Model"> => ({
      ...example,
      metadata: [{ name: "a", ...extra }, { name: "b" }],
    });
    expect(writeTflite(twice({ buffer: 0 }))).toEqual(writeTflite(twice({})));
    const sizes = [1, 2, 3].map(
      (n) => writeTflite({ buffers: [{}, {}], metadata: Array(n).fill({ name: "abc", buffer: 1 }) }).length,
    );
    expect(sizes[2]! - sizes[1]!).toBe(12 + 4 + 8);
  });

  it("keeps what is special: -0, the ends of 64-bit integers, other alphabets, empty against absent", () => {
    const longs = [2n ** 63n - 1n, -(2n ** 63n)];
    const written = writeTflite({
      ...example,
      description: "\uFEFFλ 模型",
      subgraphs: [
        {
          tensors: [{ quantization: { min: [-0, Number.POSITIVE_INFINITY, Number.NaN], scale: [], zeroPoint: longs } }],
          operators: [{ builtinOptions: { kind: "SoftmaxOptions", beta: -0 } }],
        },
      ],
      signatureDefs: [],
    });
    const { description, subgraphs, signatureDefs, metadata } = readTflite(written);
    const quantization = subgraphs[0]!.tensors[0]!.quantization;
    expect(description).toBe("\uFEFFλ 模型");
    expect(quantization).toEqual({
      min: [-0, Number.POSITIVE_INFINITY, Number.NaN],
      scale: [],
      zeroPoint: longs,
      quantizedDimension: 0,
    });
    expect(subgraphs[0]!.operators[0]!.builtinOptions).toEqual({ kind: "SoftmaxOptions", beta: -0 });
    expect([signatureDefs, metadata]).toEqual([[], undefined]);
  });

  it("writes an operator code in both fields, the older one at most 127", () => {
    const stored = (builtinCode: "CONV_2D" | "STABLEHLO_SCATTER", entry: number): number | undefined => {
      const bytes = writeTflite({ ...example, operatorCodes: [{ builtinCode }] });
      return bytes[positionOf(bytes, [{ entry: 1 }, { element: 0 }, { entry }])];
    };
    expect([stored("CONV_2D", 0), stored("CONV_2D", 3)]).toEqual([3, 3]);
    expect([stored("STABLEHLO_SCATTER", 0), stored("STABLEHLO_SCATTER", 3)]).toEqual([127, 190]);
  });

  it.each([
    ["subgraphs[0].tensors[0].shape[1]", { subgraphs: [{ tensors: [{ shape: [1, 2.5] }] }] }, "tflite.bad-value"],
    ["subgraphs[0].tensors[0].type", { subgraphs: [{ tensors: [{ type: "INT5" }] }] }, "tflite.bad-value"],
    [
      "subgraphs[0].tensors[0].quantization.zeroPoint[0]",
      { subgraphs: [{ tensors: [{ quantization: { zeroPoint: [1] } }] }] },
      "tflite.bad-value",
    ],
    [
      "subgraphs[0].operators[0].builtinOptions",
      { subgraphs: [{ operators: [{ builtinOptions: { kind: "Conv9DOptions" } }] }] },
      "tflite.bad-value",
    ],
    [
      "subgraphs[0].operators[0].opcodeIndex",
      { subgraphs: [{ operators: [{ opcodeIndex: 1 }] }] },
      "tflite.index-out-of-range",
    ],
    ["subgraphs[0].tensors[0].buffer", { subgraphs: [{ tensors: [{ buffer: 9999 }] }] }, "tflite.index-out-of-range"],
    ["subgraphs[0].outputs[0]", { subgraphs: [{ outputs: [-1] }] }, "tflite.index-out-of-range"],
    [
      "signatureDefs[0].inputs[0].tensorIndex",
      { signatureDefs: [{ inputs: [{ tensorIndex: 3 }] }] },
      "tflite.index-out-of-range",
    ],
    ["buffers[1].data", { buffers: [{}, { data: [1] }, {}] }, "tflite.bad-value"],
    ["the root", { buffers: [{ data: Uint8Array.of(1) }, {}, {}] }, "tflite.first-buffer"],
  ])("refuses a bad value at %s", (where, change, code) => {
    expect(failure({ ...example, ...change })).toMatchObject({ name: "FormatError", code, where });
  });
});

describe("files of other schema versions", () => {
  const stored = (record: object, schema: object = tables): Uint8Array =>
    joined(
      writeRoot(schema as typeof tables, "Model", { ...example, version: 3, ...record }, "TFL3", new Trail("tflite")),
    );

  it("takes the operator code from the older field when the newer is absent", () => {
    const operatorCodes = [{ deprecatedBuiltinCode: 4 }, { deprecatedBuiltinCode: 127, builtinCode: "GELU" }];
    const codes = readTflite(stored({ operatorCodes })).operatorCodes;
    expect(codes.map(({ builtinCode }) => builtinCode)).toEqual(["DEPTHWISE_CONV_2D", "GELU"]);
  });

  it("keeps codes of operators and element types that it does not know", () => {
    const operatorCodes = [{ builtinCode: "#1000" }] as const;
    const subgraphs = [{ tensors: [{ type: "#99" }] }] as const;
    const model = readTflite(writeTflite({ ...example, operatorCodes, subgraphs, signatureDefs: [] }));
    expect(model.operatorCodes[0]!.builtinCode).toBe("#1000");
    expect(model.subgraphs[0]!.tensors[0]!.type).toBe("#99");
  });

  it("leaves fields and union members of a newer schema out, and says so", () => {
    const newer = { ...tables, Tensor: { ...tables.Tensor, future: tables.Tensor.buffer } };
    const { subgraphs } = example;
    const tensors = subgraphs[0].tensors.map((tensor) => ({ ...tensor, future: 7 }));
    const bytes = stored({ subgraphs: [{ ...subgraphs[0], tensors }] }, newer);
    bytes[positionOf(bytes, [{ entry: 2 }, { element: 0 }, { entry: 3 }, { element: 0 }, { entry: 3 }])] = 200;
    const warnings: FormatWarning[] = [];
    const model = readTflite(bytes, { warn: (warning) => warnings.push(warning) });
    expect(warnings.map(({ code, where }) => [code, where])).toEqual([
      ["tflite.unknown-field", "subgraphs[0].tensors[0]"],
      ["tflite.unknown-union-member", "subgraphs[0].operators[0].builtinOptions"],
    ]);
    expect(model.subgraphs[0]!.operators[0]!.builtinOptions).toBeUndefined();
    expect(model.subgraphs[0]!.tensors).toEqual(readTflite(writeTflite(example)).subgraphs[0]!.tensors);
  });

  it("views buffers and custom options that stand behind the FlatBuffer", () => {
    const operators = [{ largeCustomOptionsOffset: 5000n, largeCustomOptionsSize: 2n }];
    const file = new Uint8Array(5010);
    file.set(stored({ buffers: [{}, { offset: 5002n, size: 8n }], subgraphs: [{ operators }], signatureDefs: [] }));
    file.set([8, 9, 1, 2, 3], 5000);
    const model = readTflite(file);
    expect(model.buffers).toEqual([{}, { data: file.subarray(5002, 5010) }]);
    expect(model.buffers[1]!.data!.buffer).toBe(file.buffer);
    expect(model.subgraphs[0]!.operators[0]!.customOptions).toEqual(Uint8Array.of(8, 9));
  });

  it.each([
    ["past the end", 5000n, 8n],
    ["far away", 2n ** 40n, 1n],
    ["wrapping around 64 bits", 2n ** 64n - 8n, 16n],
  ])("refuses an appended buffer %s", (_name, offset, size) => {
    const bytes = stored({ buffers: [{}, { offset, size }, {}] });
    expect(() => readTflite(bytes)).toThrow(expect.objectContaining({ code: "tflite.truncated", where: "buffers[1]" }));
  });
});
