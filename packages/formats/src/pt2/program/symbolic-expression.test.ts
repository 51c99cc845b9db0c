import { describe, expect, test } from "vitest";
import { codeOf } from "../../onnx/test-support.ts";
import { parseSymbolicExpression } from "./symbolic-expression.ts";

const s0 = { symbol: "s0" };
const call = (name: string, ...operands: unknown[]) => ({ function: name, operands });

describe("a symbolic size", () => {
  test.each([
    ["Integer(3)", 3],
    ["Symbol('s0', positive=True, integer=True)", s0],
    ["Mul(Integer(2), Symbol('s0', positive=True, integer=True))", call("Mul", 2, s0)],
    [
      "Add(Mul(Integer(-1), Symbol('s0')), Integer(9223372036854775807))",
      call("Add", call("Mul", -1, s0), 2n ** 63n - 1n),
    ],
    ["FloorDiv(Symbol('s0', integer=True), Integer(2))", call("FloorDiv", s0, 2)],
    ["Pow(Symbol('s0'), Rational(1, 2))", call("Pow", s0, call("Rational", 1, 2))],
    ["Equality(Symbol('s0'), Integer(4))", call("Equality", s0, 4)],
    ["Max(Integer(1), Symbol('u0', integer=True))", call("Max", 1, { symbol: "u0" })],
    ["Float('0.5', precision=53)", 0.5],
    ["Infinity()", call("Infinity")],
    ["true", true],
  ])("is read as srepr writes it: %s", (text, expected) => {
    expect(parseSymbolicExpression(text)).toEqual(expected);
  });

  test.each([
    ["s0", s0],
    ["2*s0 + 1", call("Add", call("Mul", 2, s0), 1)],
    ["1 - s0 - 2", call("Add", call("Add", 1, call("Mul", -1, s0)), -2)],
    ["-s0**2", call("Mul", -1, call("Pow", s0, 2))],
    ["2**-s0", call("Pow", 2, call("Mul", -1, s0))],
    ["(s0 + 1)//2", call("FloorDiv", call("Add", s0, 1), 2)],
    ["((s0//8))*64", call("Mul", call("FloorDiv", s0, 8), 64)],
    ["s0/2", call("Mul", s0, call("Pow", 2, -1))],
    ["Mod(s0, 3) % 2", call("Mod", call("Mod", s0, 3), 2)],
    ["Eq(s0, 4)", call("Eq", s0, 4)],
    ["s0 >= 2", call("Ge", s0, 2)],
    ["-1 + 0.5", call("Add", -1, 0.5)],
  ])("is read as str writes it: %s", (text, expected) => {
    expect(parseSymbolicExpression(text)).toEqual(expected);
  });

  test.each([
    "",
    "s0 +",
    "Mul(2",
    "(s0",
    "s0)",
    "Mul(2 s0)",
    "s0 s1",
    "Symbol()",
    "__import__('os').x('rm')",
    "[1]",
    "s0;",
  ])("that is none is refused: %s", (text) => {
    expect(codeOf(() => parseSymbolicExpression(text))).toBe("pt2.expression");
  });

  test("is bounded in depth, and long ones take little time", () => {
    for (const text of ["(".repeat(20_000), "-".repeat(20_000), "Mul(".repeat(20_000), "2**".repeat(20_000)])
      expect(codeOf(() => parseSymbolicExpression(text))).toBe("pt2.expression");
    expect(codeOf(() => parseSymbolicExpression(Array(20_000).fill("s0").join("+")))).toBe("pt2.expression");
    expect(parseSymbolicExpression(Array(1000).fill("s0").join("+"))).toMatchObject({ function: "Add" });
  });
});
