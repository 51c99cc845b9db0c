import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dataTypes, type OnnxNumberType } from "./data-type.ts";
import { readTensorProto, writeTensorProto } from "./file.ts";
import type { OnnxTensor } from "./model.ts";
import { decodeTensor, encodeTensor, type OnnxTensorValue } from "./tensor.ts";
import { codeOf } from "./test-support.ts";

const tensor = (type: keyof typeof dataTypes, dims: readonly number[], data: Partial<OnnxTensor>): OnnxTensor => ({
  name: "t",
  dims,
  dataType: dataTypes[type].code,
  ...data,
});
const raw = (...bytes: number[]) => ({ rawData: Uint8Array.from(bytes) });
const int32Data = (...values: number[]) => ({ int32Data: Int32Array.from(values) });

describe("decodeTensor", () => {
  test.each([
    ["FLOAT", [2], raw(0, 0, 128, 63, 0, 0, 0, 64), Float32Array.of(1, 2)],
    ["FLOAT", [2], { floatData: Float32Array.of(1, 2) }, Float32Array.of(1, 2)],
    ["DOUBLE", [], { doubleData: Float64Array.of(0.1) }, Float64Array.of(0.1)],
    ["INT64", [1], raw(254, 255, 255, 255, 255, 255, 255, 255), BigInt64Array.of(-2n)],
    ["INT64", [1], { int64Data: BigInt64Array.of(2n ** 62n) }, BigInt64Array.of(2n ** 62n)],
    ["UINT64", [1], { uint64Data: BigUint64Array.of(2n ** 64n - 1n) }, BigUint64Array.of(2n ** 64n - 1n)],
    ["UINT32", [1], { uint64Data: BigUint64Array.of(2n ** 32n - 1n) }, Uint32Array.of(2 ** 32 - 1)],
    ["INT8", [2], int32Data(-1, 127), Int8Array.of(-1, 127)],
    ["UINT8", [2], int32Data(255, 1), Uint8Array.of(255, 1)],
    ["INT16", [1], int32Data(-300), Int16Array.of(-300)],
    ["BOOL", [2], int32Data(1, 0), Uint8Array.of(1, 0)],
    ["FLOAT16", [1], int32Data(0x3c00), Uint16Array.of(0x3c00)],
    ["BFLOAT16", [1], raw(0x80, 0x3f), Uint16Array.of(0x3f80)],
    ["FLOAT8E4M3FN", [2], int32Data(0x38, 0xff), Uint8Array.of(0x38, 0xff)],
    ["INT4", [3], raw(0xf1, 0x08), Int8Array.of(1, -1, -8)],
    ["UINT4", [3], int32Data(0xf1, 0x08), Uint8Array.of(1, 15, 8)],
    ["FLOAT4E2M1", [2], raw(0xe3), Uint8Array.of(3, 14)],
    ["INT2", [5], raw(0b11_10_01_00, 0b11), Int8Array.of(0, 1, -2, -1, -1)],
    ["UINT2", [4], int32Data(0b11_10_01_00), Uint8Array.of(0, 1, 2, 3)],
    ["COMPLEX64", [1], { floatData: Float32Array.of(1, 2) }, Float32Array.of(1, 2)],
    ["FLOAT", [0, 2 ** 50], {}, new Float32Array(0)],
  ] as const)("%s %j", (type, dims, data, expected) => {
    expect(decodeTensor(tensor(type, dims, data))).toEqual({ dataType: type, dims, data: expected });
  });

  test("texts", () => {
    const stringData = [Uint8Array.of(195, 164), new Uint8Array(0)];
    expect(decodeTensor(tensor("STRING", [2], { stringData })).data).toEqual(["ä", ""]);
    expect(codeOf(() => decodeTensor(tensor("STRING", [1], { stringData: [Uint8Array.of(255)] })))).toBe(
      "onnx.tensor-text",
    );
  });

  test("aligned raw bytes are viewed, others copied", () => {
    const file = Uint8Array.of(9, 9, 9, 9, 0, 0, 128, 63, 0);
    const at = (start: number) => decodeTensor(tensor("FLOAT", [1], { rawData: file.subarray(start, start + 4) }));
    expect((at(4).data as Float32Array).buffer).toBe(file.buffer);
    expect((at(5).data as Float32Array).buffer).not.toBe(file.buffer);
  });

  test.each([
    ["onnx.tensor-size", "too little raw data", tensor("FLOAT", [2], raw(0, 0, 0, 0))],
    ["onnx.tensor-size", "too much typed data", tensor("FLOAT", [], { floatData: Float32Array.of(1, 2) })],
    ["onnx.tensor-size", "no data", tensor("INT8", [3], {})],
    ["onnx.tensor-size", "huge dims", tensor("INT4", [2 ** 40], raw(1))],
    ["onnx.tensor-size", "dims beyond 2^53", tensor("INT8", [2 ** 30, 2 ** 30, 2 ** 30], raw(1))],
    ["onnx.tensor-size", "negative dims", tensor("INT8", [-1, -1], raw(1))],
    ["onnx.tensor-size", "huge dims of texts", tensor("STRING", [2 ** 50], {})],
    ["onnx.tensor-segment", "a segment", tensor("INT8", [1], { segment: { begin: 0, end: 1 }, ...raw(1) })],
    ["onnx.data-type", "an unknown type", { name: "t", dims: [], dataType: 99 }],
    ["onnx.data-type", "the type UNDEFINED", { name: "t", dims: [], dataType: 0 }],
  ])("%s: %s", (code, _, stored) => expect(codeOf(() => decodeTensor(stored))).toBe(code));
});

describe("encodeTensor", () => {
  const numberTypes = (Object.keys(dataTypes) as (keyof typeof dataTypes)[]).filter((type) => type !== "STRING");
  const numbers = fc
    .tuple(fc.constantFrom<OnnxNumberType>(...numberTypes), fc.array(fc.nat({ max: 3 }), { maxLength: 3 }), fc.nat())
    .map(([dataType, dims, seed]): OnnxTensorValue => {
      const { bits, array } = dataTypes[dataType];
      const bytes = Uint8Array.from({ length: 27 * 16 }, (_, at) => Math.imul(seed + at, 2654435761) >>> 13);
      const count = dims.reduce((product, dim) => product * dim, 1);
      const data = new array(bytes.buffer, 0, (count * Math.max(bits, 8)) / 8 / array.BYTES_PER_ELEMENT);
      if (bits < 8) for (let at = 0; at < count; at++) bytes[at] = at % 2;
      return { dataType, dims, data };
    });

  test("decoding what was encoded and written gives the elements again", () => {
    fc.assert(
      fc.property(numbers, (value) => {
        expect(decodeTensor(readTensorProto(writeTensorProto(encodeTensor("t", value))))).toEqual(value);
      }),
    );
    const texts: OnnxTensorValue = { dataType: "STRING", dims: [2], data: ["", "ä\u{1f600}"] };
    expect(decodeTensor(encodeTensor("t", texts))).toEqual(texts);
  });

  test("data that does not fit is refused", () => {
    const data = Float32Array.of(1);
    expect(codeOf(() => encodeTensor("t", { dataType: "FLOAT", dims: [2], data }))).toBe("onnx.tensor-size");
    expect(codeOf(() => encodeTensor("t", { dataType: "DOUBLE", dims: [1], data }))).toBe("onnx.tensor-type");
  });
});
