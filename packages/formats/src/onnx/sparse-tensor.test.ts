import { describe, expect, test } from "vitest";
import type { OnnxSparseTensor } from "./model.ts";
import { decodeSparseTensor } from "./sparse-tensor.ts";
import { encodeTensor, type OnnxTensorValue } from "./tensor.ts";
import { codeOf } from "./test-support.ts";

function sparse(
  values: OnnxTensorValue,
  indices: readonly bigint[],
  dims: readonly number[],
  shape?: number[],
): OnnxSparseTensor {
  const data = BigInt64Array.from(indices);
  const stored = encodeTensor("", { dataType: "INT64", dims: shape ?? [indices.length], data });
  return { values: encodeTensor("s", values), indices: stored, dims };
}
const floats = (...data: number[]): OnnxTensorValue => ({
  dataType: "FLOAT",
  dims: [data.length],
  data: Float32Array.from(data),
});

describe("decodeSparseTensor", () => {
  test("places values by linear and by axis indices", () => {
    const dense = { dataType: "FLOAT", dims: [2, 3], data: Float32Array.of(0, 5, 0, 0, 0, 7) };
    expect(decodeSparseTensor(sparse(floats(5, 7), [1n, 5n], [2, 3]))).toEqual(dense);
    expect(decodeSparseTensor(sparse(floats(5, 7), [0n, 1n, 1n, 2n], [2, 3], [2, 2]))).toEqual(dense);
  });

  test("places texts and complex numbers", () => {
    const texts = sparse({ dataType: "STRING", dims: [1], data: ["a"] }, [1n], [2]);
    expect(decodeSparseTensor(texts).data).toEqual(["", "a"]);
    const complex = sparse({ dataType: "COMPLEX64", dims: [1], data: Float32Array.of(1, 2) }, [1n], [2]);
    expect(decodeSparseTensor(complex).data).toEqual(Float32Array.of(0, 0, 1, 2));
  });

  test("no values give zeros", () => {
    expect(decodeSparseTensor(sparse(floats(), [], [3])).data).toEqual(new Float32Array(3));
  });

  test.each([
    ["an index past the end", sparse(floats(1), [6n], [2, 3])],
    ["a negative index", sparse(floats(1), [-1n], [2, 3])],
    ["an index past its axis", sparse(floats(1), [0n, 3n], [2, 3], [1, 2])],
    ["descending indices", sparse(floats(1, 2), [3n, 1n], [2, 3])],
    ["an index twice", sparse(floats(1, 2), [3n, 3n], [2, 3])],
    ["fewer indices than values", sparse(floats(1, 2), [3n], [2, 3])],
    ["indices of another rank", sparse(floats(1), [1n, 1n, 1n], [2, 3], [1, 3])],
    ["indices of another type", { ...sparse(floats(1), [1n], [2]), indices: encodeTensor("", floats(1)) }],
    ["no values", { dims: [2] }],
    ["huge dims", sparse(floats(1), [0n], [2 ** 40])],
  ])("%s is refused", (_, tensor) => expect(codeOf(() => decodeSparseTensor(tensor))).toBe("onnx.sparse-tensor"));
});
