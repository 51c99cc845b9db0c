import { describe, expect, it } from "vitest";
import { diagnosticsOf, floats, input, int, node, operatorsOf, run, text } from "../model.testing.ts";

const codes = { u8: 2, i8: 3, i16: 5, i32: 6, u32: 12, u64: 13 } as const;

function of(
  line: string,
  type: number,
  a: readonly number[],
  b: readonly number[],
  ...attributes: ReturnType<typeof int>[]
) {
  const inputs = [input("a", [a.length], type), input("b", [b.length], type)];
  return run({ inputs, nodes: [node(line, ...attributes)], outputs: ["y"], opset: 18 }, a, b).values;
}

describe("bitwise operators", () => {
  it.each(["i8", "i16", "i32"] as const)("join all bits of %s", (type) => {
    const [a, b] = [
      [12, -1, -128, 5],
      [10, 100, 127, -3],
    ];
    const results = (name: string) => of(`${name} a b -> y`, codes[type], a, b);
    expect(results("BitwiseAnd")).toEqual(a.map((number, index) => number & b[index]));
    expect(results("BitwiseOr")).toEqual(a.map((number, index) => number | b[index]));
    expect(results("BitwiseXor")).toEqual(a.map((number, index) => number ^ b[index]));
  });

  it("take integers without a sign, and repeat them where sizes differ", () => {
    expect(of("BitwiseXor a b -> y", codes.u8, [255, 170], [15])).toEqual([240, 165]);
    expect(of("BitwiseAnd a b -> y", codes.u32, [4294967295, 2147483649], [3221225473])).toEqual([
      3221225473, 2147483649,
    ]);
    expect(of("BitwiseOr a b -> y", codes.i32, [-(2 ** 31)], [1])).toEqual([1 - 2 ** 31]);
  });
});

describe("BitShift", () => {
  const shifted = (direction: string, type: number, a: readonly number[], b: readonly number[]) =>
    of("BitShift a b -> y", type, a, b, text("direction", direction));

  it("loses what is shifted out", () => {
    expect(shifted("LEFT", codes.u8, [255, 3, 1], [1, 7, 8])).toEqual([254, 128, 0]);
    expect(shifted("RIGHT", codes.u8, [255, 3, 1], [1, 1, 8])).toEqual([127, 1, 0]);
    expect(shifted("LEFT", codes.u32, [4294967295, 5], [31, 4])).toEqual([2147483648, 80]);
    expect(shifted("RIGHT", codes.u64, [16, 4], [2, 1])).toEqual([4, 2]);
  });
});

describe("BitCast", () => {
  it("wraps integers, and reads the bits of constant floats", () => {
    const cast = {
      inputs: [input("x", [2], codes.i8)],
      nodes: [node("BitCast x -> y", int("to", codes.u8))],
      outputs: ["y"],
    };
    expect(operatorsOf(cast)).toEqual(["cast"]);
    expect(run(cast, [-1, 5]).values).toEqual([255, 5]);
    const nodes = [node("BitCast c -> y", int("to", codes.i32))];
    expect(run({ inputs: [], nodes, outputs: ["y"], initializers: [floats("c", [2], [1, -2])] }).values).toEqual([
      0x3f800000, -0x40000000,
    ]);
  });

  it("refuses floats whose bits the graph does not hold, or that are computed", () => {
    const refused = (type: number, to: number) =>
      diagnosticsOf({
        inputs: [input("x", [1], type)],
        nodes: [node("BitCast x -> y", int("to", to))],
        outputs: ["y"],
      }).at(-1)?.code;
    expect(refused(11, 7)).toBe("onnx.unsupported-attribute");
    expect(refused(1, codes.i32)).toBe("onnx.not-constant");
    expect(refused(1, codes.u8)).toBe("onnx.shape");
  });
});
