import { dataTypeCode, type OnnxDataType } from "@millrace/formats/onnx";
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { diagnosticsOf, input, int, node, operatorsOf, run } from "../model.testing.ts";
import { codeValues } from "../small-floats.ts";

function cast(type: OnnxDataType, x: readonly number[], saturate = 1) {
  const nodes = [node("Cast x -> y", int("to", dataTypeCode(type)), int("saturate", saturate))];
  return run({ inputs: [input("x", [x.length])], nodes, outputs: ["y"] }, x).values;
}

const smallTypes = ["FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "FLOAT4E2M1"] as const;

describe.each(smallTypes)("a cast to %s", (type) => {
  const numbers = [...codeValues(type)!].filter(Number.isFinite).sort((a, b) => a - b);
  const codes = [...codeValues(type)!];

  it("keeps what the type holds", () => {
    expect(cast(type, numbers).map((value) => value + 0)).toEqual(numbers.map((value) => value + 0));
  });

  it("goes to the nearest number, and to the even one from between two", () => {
    const middles = numbers.slice(1).flatMap((high, index) => {
      const low = numbers[index];
      if (low === high) return [];
      const isEven = codes.indexOf(low) % 2 === 0 || low === 0;
      const [middle, near] = [(low + high) / 2, (high - low) / 64];
      return [
        { x: middle, y: isEven ? low : high },
        { x: middle - near, y: low },
        { x: middle + near, y: high },
      ];
    });
    expect(
      cast(
        type,
        middles.map(({ x }) => x),
      ).map((value) => value + 0),
    ).toEqual(middles.map(({ y }) => y + 0));
  });

  it("saturates, or has what is beyond become what the type has for it", () => {
    const most = numbers.at(-1)!;
    expect(cast(type, [1e38, -1e38, Number.POSITIVE_INFINITY])).toEqual([most, -most, most]);
    const beyond = type === "FLOAT8E5M2" ? Number.NEGATIVE_INFINITY : Number.NaN;
    expect(cast(type, [-1e38, Number.NaN], 0)).toEqual([beyond, type === "FLOAT4E2M1" ? 0 : Number.NaN]);
  });
});

describe("a cast to 16 bits", () => {
  const x = [1 / 3, -1e-7, 65520, Math.PI, 1e6];

  it("rounds as the type does", () => {
    expect(cast("FLOAT16", x)).toEqual(x.map((value) => fromFloat16(toFloat16(value))));
    expect(cast("BFLOAT16", x)).toEqual(x.map((value) => fromBfloat16(toBfloat16(value))));
  });

  it("is left out where the source has these bits already, and follows the type of another value", () => {
    const half = dataTypeCode("FLOAT16");
    const inputs = [input("x", [1], half), input("z", [1])];
    const operators = (line: string, ...attributes: ReturnType<typeof int>[]) =>
      operatorsOf({ inputs, nodes: [node(line, ...attributes)], outputs: ["y"] });
    expect(operators("Cast x -> y", int("to", half))).toEqual([]);
    expect(operators("Cast x -> y", int("to", 1))).toEqual([]);
    expect(operators("CastLike z x -> y")).toEqual(["cast", "cast"]);
    expect(operators("CastLike x z -> y")).toEqual([]);
  });
});

describe("a cast to fewer bits", () => {
  it("keeps the low bits of integers", () => {
    expect(cast("INT4", [-9, 7.5, 8])).toEqual([7, 7, -8]);
    expect(cast("UINT2", [-1, 5, 2])).toEqual([3, 1, 2]);
  });

  it("to powers of two is refused", () => {
    const nodes = [node("Cast x -> y", int("to", dataTypeCode("FLOAT8E8M0")))];
    expect(diagnosticsOf({ inputs: [input("x", [1])], nodes, outputs: ["y"] })).toMatchObject([
      { code: "onnx.float32" },
      { code: "onnx.unsupported-attribute" },
    ]);
  });
});
