import {
  type Attributes,
  DiagnosticError,
  Graph,
  numbersOf,
  type Quantization,
  type Tensor,
  tensorOf,
  zeros,
} from "@millrace/ir";
import { describe, expect, test } from "vitest";
import { bool, f32, i8, i32, i64 } from "./literal.ts";
import { operators } from "./registry.ts";

function run(
  name: string,
  inputs: readonly Tensor[],
  attributes: Attributes = {},
  quantization?: Quantization,
): readonly Tensor[] {
  const op = operators.get(name)!;
  const graph = new Graph("one node");
  const values = inputs.map((tensor) => graph.addConstant("x", tensor, quantization));
  expect(op.check(values, attributes)).toEqual([]);
  const types = values.map(({ type }) => type);
  return op.evaluate!(inputs, attributes, op.infer(values, attributes), types);
}

const exact = 2n ** 62n + 1n;
const wide = (shape: number[], ...items: bigint[]) => tensorOf("i64", shape, BigInt64Array.from(items));

describe("operators that move elements keep every bit of 64-bit integers", () => {
  const x = wide([2, 2], exact, 2n, -exact, 4n);
  test.each<[string, readonly Tensor[], Attributes, bigint[]]>([
    ["gather", [x, i32(1)], { axis: 0 }, [-exact, 4n]],
    ["slice", [x], { starts: [1, 1], sizes: [2, 1], steps: [-1, 1] }, [4n, 2n]],
    ["split", [x], { axis: 1, sizes: [1, 1] }, [exact, -exact]],
    ["pad", [x], { before: [0, 1], after: [0, 0], mode: "constant", value: 7 }, [7n, exact, 2n, 7n, -exact, 4n]],
    ["tile", [wide([1], exact)], { repeats: [2] }, [exact, exact]],
    ["expand", [wide([], exact)], { shape: [2] }, [exact, exact]],
    ["concat", [wide([1], exact), wide([1], -exact)], { axis: 0 }, [exact, -exact]],
    ["select", [bool([0, 1]), wide([2], 1n, exact), wide([2], -exact, 2n)], {}, [-exact, exact]],
    ["transpose", [x], { permutation: [1, 0] }, [exact, -exact, 2n, 4n]],
    ["reshape", [x], { shape: [4] }, [exact, 2n, -exact, 4n]],
    ["cast", [x], { to: "i64" }, [exact, 2n, -exact, 4n]],
    ["cast", [x], { to: "u64" }, [exact, 2n, 2n ** 64n - exact, 4n]],
  ])("%s %#", (name, inputs, attributes, wanted) => {
    expect(Array.from(run(name, inputs, attributes)[0].data as BigInt64Array)).toEqual(wanted);
  });

  test("half precision bit patterns are moved, not converted", () => {
    const x = tensorOf("f16", [3], Uint16Array.from([0x7e01, 0x8000, 0x0001]));
    const [result] = run("slice", [x], { starts: [2], sizes: [3], steps: [-1] });
    expect(Array.from(result.data as Uint16Array)).toEqual([0x0001, 0x8000, 0x7e01]);
  });
});

describe("gather", () => {
  test.each([[2], [-3]])("refuses index %i of two rows", (index) => {
    const attempt = () => run("gather", [f32([1, 2]), i64([index])], { axis: 0 });
    expect(attempt).toThrow(DiagnosticError);
    expect(attempt).toThrow(`gather reads index ${index} of an axis of size 2`);
  });
});

describe("slice", () => {
  test("with an open start can't be computed, and says so", () => {
    const op = operators.get("slice")!;
    const attributes = { starts: ["N"], sizes: [1], steps: [1] };
    const attempt = () => op.evaluate!([f32([1, 2])], attributes, [{ dtype: "f32", shape: [1] }]);
    expect(attempt).toThrow(DiagnosticError);
    expect(attempt).toThrow("The size N has no value yet");
  });
});

describe("cast", () => {
  test("follows two's complement and truth", () => {
    expect(Array.from(numbersOf(run("cast", [f32([300, -1, 2.9])], { to: "u8" })[0]))).toEqual([44, 255, 2]);
    expect(Array.from(numbersOf(run("cast", [wide([2], exact, -1n)], { to: "i32" })[0]))).toEqual([1, -1]);
    expect(Array.from(numbersOf(run("cast", [wide([2], 0n, 256n)], { to: "bool" })[0]))).toEqual([0, 1]);
    expect(Array.from(numbersOf(run("cast", [f32([0.5, 2])], { to: "f16" })[0]))).toEqual([0.5, 2]);
  });
});

describe("quantize and dequantize", () => {
  test("come back within half a step for every stored value", () => {
    const all = i8(Array.from({ length: 256 }, (_, index) => index - 128));
    const quantization = { scale: [Math.fround(0.037)], zeroPoint: [-7] };
    const [reals] = run("dequantize", [all], {}, quantization);
    const [back] = run("quantize", [reals], { dtype: "i8", ...quantization, axis: -1, rounding: "away" });
    expect(back.data).toEqual(all.data);
  });

  test("divide in float32", () => {
    const scale = Math.fround(0.1);
    const [result] = run("quantize", [f32([0.25, 0.35, -0.25])], {
      dtype: "i8",
      scale: [scale],
      zeroPoint: [0],
      axis: -1,
      rounding: "away",
    });
    const single = [0.25, 0.35, -0.25].map((x) => Math.fround(Math.fround(x) / scale));
    expect(single).toEqual([2.5, 3.5, -2.5]);
    expect(Array.from(numbersOf(result))).toEqual([3, 4, -3]);
  });

  test("round halves to even where they are told to", () => {
    const attributes = { dtype: "i8", scale: [0.5], zeroPoint: [3], axis: -1, rounding: "even" };
    const [result] = run("quantize", [f32([0, 0.25, -0.25, 0.75, -0.75])], attributes);
    expect(Array.from(numbersOf(result))).toEqual([3, 3, 3, 5, 1]);
  });

  test("work for each index of a middle axis", () => {
    const x = f32([
      [
        [1, 1],
        [1, 1],
      ],
      [
        [-1, -1],
        [-1, -1],
      ],
    ]);
    const [result] = run("quantize", [x], {
      dtype: "i16",
      scale: [1, 0.5],
      zeroPoint: [0, 10],
      axis: 1,
      rounding: "away",
    });
    expect(Array.from(numbersOf(result))).toEqual([1, 1, 12, 12, -1, -1, 8, 8]);
  });

  test("need the type of integers", () => {
    expect(() => operators.get("dequantize")!.evaluate!([i8([1])], {}, [{ dtype: "f32", shape: [1] }])).toThrow();
  });
});

describe("resize", () => {
  const nearest = (coordinates: string, nearestRounding: string, from: number, to: number) => {
    const x = tensorOf(
      "f32",
      [1, 1, 1, from],
      Float32Array.from({ length: from }, (_, index) => index),
    );
    const attributes = { mode: "nearest", size: [1, to], coordinates, nearestRounding, layout: "first" };
    return Array.from(numbersOf(run("resize", [x], attributes)[0]));
  };

  test("nearest follows the coordinates and the rounding", () => {
    expect(nearest("asymmetric", "floor", 4, 6)).toEqual([0, 0, 1, 2, 2, 3]);
    expect(nearest("asymmetric", "ceil", 4, 6)).toEqual([0, 1, 2, 2, 3, 3]);
    expect(nearest("halfPixel", "roundPreferCeil", 4, 2)).toEqual([1, 3]);
    expect(nearest("halfPixel", "roundPreferFloor", 4, 2)).toEqual([0, 2]);
    expect(nearest("alignCorners", "roundPreferFloor", 3, 5)).toEqual([0, 0, 1, 1, 2]);
    expect(nearest("alignCorners", "roundPreferCeil", 3, 5)).toEqual([0, 1, 1, 2, 2]);
    expect(nearest("alignCorners", "floor", 3, 1)).toEqual([0]);
  });
});

describe("softmax", () => {
  test("stays finite for great numbers and works along an inner axis", () => {
    const x = f32([
      [
        [1e30, 0],
        [1e30, 0],
      ],
      [
        [-1e30, 3],
        [0, 3],
      ],
    ]);
    const [result] = run("softmax", [x], { axis: 1, beta: 1 });
    expect(Array.from(numbersOf(result))).toEqual([0.5, 0.5, 0.5, 0.5, 0, 0.5, 1, 0.5]);
  });
});

describe("averagePool2d", () => {
  test("gives 0 for a window that lies in the padding", () => {
    const attributes = {
      kernel: [1, 1],
      stride: [1, 2],
      padding: [0, 1, 0, 0],
      countPadding: false,
      layout: "first",
      activation: "none",
    };
    expect(Array.from(numbersOf(run("averagePool2d", [f32([[[[5, 7]]]])], attributes)[0]))).toEqual([0, 7]);
  });
});

describe("empty data", () => {
  test("passes through without a loop that never ends", () => {
    const none = zeros("f32", [0, 3]);
    expect(run("transpose", [none], { permutation: [1, 0] })[0].shape).toEqual([3, 0]);
    expect(run("tile", [none], { repeats: [2, 2] })[0].shape).toEqual([0, 6]);
    expect(run("softmax", [none], { axis: 0, beta: 1 })[0].data).toHaveLength(0);
    expect(run("concat", [none, none], { axis: 0 })[0].shape).toEqual([0, 3]);
    expect(
      run("matmul", [zeros("f32", [2, 0]), zeros("f32", [0, 2])], { transposeA: false, transposeB: false })[0].data,
    ).toEqual(new Float32Array(4));
    expect(run("pad", [none], { before: [1, 0], after: [0, 0], mode: "constant", value: 2 })[0].data).toEqual(
      new Float32Array(3).fill(2),
    );
  });
});
