import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf } from "../../onnx/test-support.ts";
import { copiedBytes, denseTensor, type StoredTensor, storedTensor } from "./stored-tensor.ts";

const numbers = Float32Array.from({ length: 64 }, (_, index) => index);
const storage = { name: "weight_0", bytes: new Uint8Array(numbers.buffer) };

function tensor(sizes: readonly number[], strides: readonly number[], more: Partial<StoredTensor> = {}): StoredTensor {
  return storedTensor("w", {
    scalarType: "float32",
    sizes,
    strides,
    storageOffset: 0,
    storage,
    requiresGrad: false,
    ...more,
  });
}

const valuesOf = (stored: StoredTensor): number[] => Array.from(denseTensor("w", stored).data as Float32Array);

describe("the elements of a tensor", () => {
  test("are a view where they are stored in order", () => {
    const stored = tensor([2, 3], [3, 1], { storageOffset: 4 });
    expect(valuesOf(stored)).toEqual([4, 5, 6, 7, 8, 9]);
    expect(denseTensor("w", stored).data.buffer).toBe(numbers.buffer);
    expect(copiedBytes(stored)).toBe(0);
  });

  test("whose axis has one index or none are in order whatever its stride", () => {
    expect(denseTensor("w", tensor([1, 3], [99, 1])).data.buffer).toBe(numbers.buffer);
    expect(valuesOf(tensor([3, 0, 2], [7, 7, 7]))).toEqual([]);
    expect(valuesOf(tensor([], [], { storageOffset: 5 }))).toEqual([5]);
  });

  test("are gathered by their strides, repeated ones too", () => {
    expect(valuesOf(tensor([2, 3], [1, 2]))).toEqual([0, 2, 4, 1, 3, 5]);
    expect(valuesOf(tensor([2, 2], [0, 1]))).toEqual([0, 1, 0, 1]);
  });

  test("are copied from where they are not aligned", () => {
    const bytes = new Uint8Array(17);
    bytes.set(storage.bytes.subarray(0, 16), 1);
    const shifted = tensor([4], [1], { storage: { name: "s", bytes: bytes.subarray(1) } });
    expect(valuesOf(shifted)).toEqual([0, 1, 2, 3]);
    expect(copiedBytes(shifted)).toBe(16);
    const transposed = tensor([2, 2], [1, 2], { storage: { name: "s", bytes: bytes.subarray(1) } });
    expect(valuesOf(transposed)).toEqual([0, 2, 1, 3]);
  });

  test("of other types have their own arrays, and complex ones two entries", () => {
    const complex = tensor([2, 2], [1, 2], { scalarType: "complex64" });
    expect(valuesOf(complex)).toEqual([0, 1, 4, 5, 2, 3, 6, 7]);
    expect(denseTensor("w", tensor([2], [1], { scalarType: "int64" })).data).toBeInstanceOf(BigInt64Array);
    expect(denseTensor("w", tensor([2], [1], { scalarType: "bfloat16" })).data).toBeInstanceOf(Uint16Array);
    expect(denseTensor("w", tensor([2], [3], { scalarType: "bool" })).data).toEqual(Uint8Array.of(0, 0));
  });

  test("are those that the strides say, for any of them", () => {
    const axes = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 5 })), { maxLength: 4 });
    fc.assert(
      fc.property(axes, fc.nat({ max: 10 }), (pairs, storageOffset) => {
        const expected = pairs.reduce<number[]>(
          (starts, [size, stride]) =>
            starts.flatMap((start) => Array.from({ length: size }, (_, index) => start + index * stride)),
          [storageOffset],
        );
        const [sizes, strides] = [pairs.map(([size]) => size), pairs.map(([, stride]) => stride)];
        expect(valuesOf(tensor(sizes, strides, { storageOffset }))).toEqual(expected);
      }),
    );
  });
});

test.each<[string, () => unknown]>([
  ["past its storage", () => tensor([65], [1])],
  ["whose strides lead past its storage", () => tensor([2, 2], [1, 63])],
  ["of a fraction of an element", () => tensor([1.5], [1])],
  ["of a negative size", () => tensor([-1], [1])],
  ["of more axes than strides", () => tensor([1, 1], [1])],
  ["of more elements than can be held", () => tensor([2 ** 33], [0])],
  ["of a size beyond all numbers", () => tensor([2 ** 52, 2 ** 52], [0, 0])],
  ["whose copy would be too large", () => denseTensor("w", tensor([2 ** 30], [0]))],
])("a tensor %s is refused", (_, make) => {
  expect(codeOf(make)).toBe("pt2.tensor-size");
});
