import { describe, expect, it } from "vitest";
import { float, floats, input, int, ints, longs, node, operatorsOf, run } from "../model.testing.ts";

type Attribute = ReturnType<typeof int>;
const int32 = 6;

function result(line: string, shape: readonly number[], data: readonly number[], ...attributes: readonly Attribute[]) {
  const parts = { inputs: [input("x", shape)], nodes: [node(line, ...attributes)], outputs: ["y"], opset: 22 };
  return run(parts, data).values.map((value) => Math.round(value * 1e4) / 1e4 + 0);
}

describe("activations", () => {
  it.each([
    ["Selu", [-1, 2], [-1.1113, 2.1014], []],
    ["Celu", [-1, 2], [-0.7869, 2], [float("alpha", 2)]],
    ["ThresholdedRelu", [Number.NEGATIVE_INFINITY, 1, 1.5], [0, 0, 1.5], []],
    ["Shrink", [-2, 0.25, 2], [-1.5, 0, 1.5], [float("bias", 0.5)]],
    ["Mish", [-1, 0, 2], [-0.3034, 0, 1.944], []],
    ["Swish", [2], [1.964], [float("alpha", 2)]],
    ["HardSigmoid", [-3, 0, 1], [0, 0.5, 0.7], []],
    ["IsNaN", [Number.NaN, 1], [1, 0], []],
    ["IsInf", [Number.NEGATIVE_INFINITY, 1], [1, 0], []],
    ["IsInf", [Number.NEGATIVE_INFINITY, 1], [0, 0], [int("detect_negative", 0)]],
    ["IsInf", [Number.NEGATIVE_INFINITY, 1], [0, 0], [int("detect_negative", 0), int("detect_positive", 0)]],
  ] as const)("%s of %s is %s", (name, x, y, attributes) => {
    expect(result(`${name} x -> y`, [x.length], x, ...attributes)).toEqual(y);
  });

  it("of onnxruntime add a bias", () => {
    const nodes = [{ ...node("BiasGelu x b -> y"), domain: "com.microsoft" }];
    const parts = { inputs: [input("x", [1])], nodes, outputs: ["y"], initializers: [floats("b", [1], [1])] };
    expect(operatorsOf(parts)).toEqual(["add", "gelu"]);
  });
});

describe("remainders and bits", () => {
  const of = (line: string, a: readonly number[], b: readonly number[], type: number, ...attributes: Attribute[]) =>
    run(
      {
        inputs: [input("a", [a.length], type), input("b", [b.length], type)],
        nodes: [node(line, ...attributes)],
        outputs: ["y"],
      },
      a,
      b,
    ).values;

  it("have the sign of the divisor, or of the dividend", () => {
    expect(of("Mod a b -> y", [-4, 7, 5], [3, -3, 8], int32)).toEqual([2, -2, 5]);
    expect(of("Mod a b -> y", [-4, 7, 5, -6], [3, -3, 8, 3], int32, int("fmod", 1))).toEqual([-1, 1, 5, 0]);
    expect(of("Mod a b -> y", [-4.25, 7.5], [2, -3], 1, int("fmod", 1))).toEqual([-0.25, 1.5]);
  });

  it("are turned", () => {
    const parts = { inputs: [input("x", [2], int32)], nodes: [node("BitwiseNot x -> y")], outputs: ["y"] };
    expect(run(parts, [0, -6]).values).toEqual([-1, 5]);
  });
});

describe("normalizations", () => {
  it.each([
    ["LpNormalization", [1, 4], [1, -3, 0, 4], [0.125, -0.375, 0, 0.5], [int("p", 1)]],
    ["LpNormalization", [1, 2], [0, 0], [0, 0], [int("p", 1)]],
    ["MeanVarianceNormalization", [1, 2], [1, 3], [-1, 1], [ints("axes", -1)]],
    ["LRN", [1, 3, 1], [1, 2, 3], [0.1667, 0.1429, 0.3], [int("size", 2), float("alpha", 2), float("beta", 1)]],
  ] as const)("%s", (name, shape, x, y, attributes) => {
    expect(result(`${name} x -> y`, shape, x, ...attributes)).toEqual(y);
  });

  it("take groups of channels, scaled by group or by channel", () => {
    const group = (opset: number, scale: readonly number[]) =>
      run(
        {
          inputs: [input("x", [1, 4, 1])],
          nodes: [node("GroupNormalization x s b -> y", int("num_groups", 2), float("epsilon", 0))],
          outputs: ["y"],
          initializers: [
            floats("s", [scale.length], scale),
            floats(
              "b",
              [scale.length],
              scale.map(() => 0),
            ),
          ],
          opset,
        },
        [1, 3, 2, 6],
      ).values;
    expect(group(18, [1, 2])).toEqual([-1, 1, -2, 2]);
    expect(group(21, [1, 2, 3, 4])).toEqual([-1, 2, -3, 4]);
  });

  it("divide by the root of the mean square, also of a sum", () => {
    const scale = floats("s", [2], [1, 2]);
    const parts = { inputs: [input("x", [2])], outputs: ["y"], initializers: [scale, floats("k", [2], [1, 1])] };
    const nodes = [node("RMSNormalization x s -> y", float("epsilon", 0))];
    expect(run({ ...parts, nodes }, [2, 2]).values).toEqual([1, 2]);
    const skip = [{ ...node("SkipSimplifiedLayerNormalization x k s -> z _ _ y"), domain: "com.microsoft" }];
    expect(run({ ...parts, nodes: skip }, [2, 2]).values).toEqual([3, 3]);
  });

  it("by the batch move the running statistics", () => {
    const vectors = ["s", "b", "m", "v"].map((name) => floats(name, [1], [1]));
    const nodes = [node("BatchNormalization x s b m v -> z y w", int("training_mode", 1), float("momentum", 0.5))];
    const parts = { inputs: [input("x", [2, 1])], nodes, initializers: vectors };
    expect(run({ ...parts, outputs: ["y"] }, [2, 4]).values).toEqual([2]);
    expect(run({ ...parts, outputs: ["z"] }, [2, 4]).values[0]).toBeCloseTo(0, 4);
  });
});

describe("folds", () => {
  it("of exponentials stay finite, and know infinities", () => {
    const log = (x: readonly number[]) => result("ReduceLogSumExp x -> y", [x.length], x, int("keepdims", 0));
    expect(log([1000, 1000])).toEqual([1000.6932]);
    expect(log([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])).toEqual([Number.NEGATIVE_INFINITY]);
    expect(log([Number.POSITIVE_INFINITY, 0])).toEqual([Number.POSITIVE_INFINITY]);
    expect(log([])).toEqual([Number.NEGATIVE_INFINITY]);
  });

  it("of nothing are the least or greatest number there is", () => {
    const empty = (name: string) =>
      run({ inputs: [input("x", [0], int32)], nodes: [node(`${name} x -> y`)], outputs: ["y"] }, []).values;
    expect([empty("ReduceMax"), empty("ReduceMin"), empty("ReduceProd")]).toEqual([[-(2 ** 31)], [2 ** 31 - 1], [1]]);
  });

  it("find the last of equals, and the least", () => {
    const last = (x: readonly number[]) => result("ArgMax x -> y", [x.length], x, int("select_last_index", 1));
    expect(last([1, 3, 3, 2])).toEqual([2]);
    const parts = {
      inputs: [input("x", [4], int32)],
      nodes: [node("TopK x k -> y", int("largest", 0))],
      outputs: ["y"],
      initializers: [longs("k", 3)],
    };
    expect(run(parts, [5, -(2 ** 31), 7, 1]).values).toEqual([-(2 ** 31), 1, 5]);
  });

  it("multiply what came before", () => {
    const product = (exclusive: number, reverse: number) =>
      run(
        {
          inputs: [input("x", [5])],
          nodes: [node("CumProd x a -> y", int("exclusive", exclusive), int("reverse", reverse))],
          outputs: ["y"],
          initializers: [longs("a", 0)],
        },
        [1, 2, 3, 4, 5],
      ).values;
    expect(product(0, 0)).toEqual([1, 2, 6, 24, 120]);
    expect(product(1, 0)).toEqual([1, 1, 2, 6, 24]);
    expect(product(0, 1)).toEqual([120, 120, 60, 20, 5]);
    expect(product(1, 1)).toEqual([120, 60, 20, 5, 1]);
  });

  it("give determinants", () => {
    const det = (size: number, x: readonly number[]) => result("Det x -> y", [1, size, size], x);
    expect(det(1, [7])).toEqual([7]);
    expect(det(2, [0, 2, 3, 4])).toEqual([-6]);
    expect(det(3, [2, 0, 1, 1, 3, 2, 4, 1, 5])).toEqual([15]);
    expect(det(2, [0, 1, 0, 5])).toEqual([0]);
  });
});
