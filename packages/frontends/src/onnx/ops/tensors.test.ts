import { encodeTensor } from "@millrace/formats/onnx";
import { describe, expect, it } from "vitest";
import { importOnnx } from "../import.ts";
import {
  diagnosticsOf,
  float,
  floats,
  input,
  int,
  ints,
  longs,
  type ModelParts,
  model,
  node,
  operatorsOf,
  run,
  text,
} from "../model.testing.ts";

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const x22 = input("x", [2, 2]);
const single = (
  operator: ModelParts["nodes"][number],
  shape: readonly number[],
  ...initializers: NonNullable<ModelParts["initializers"]>
) => ({
  inputs: [input("x", shape)],
  nodes: [operator],
  outputs: ["y"],
  initializers,
});

describe("matrix products", () => {
  const b = floats("b", [2, 2], [1, 2, 3, 4]);

  it("of constants are fully connected layers that keep weights as stored where they can", () => {
    const gemm = single(node("Gemm x b c -> y", int("transB", 1)), [2, 2], b, floats("c", [2], [10, 20]));
    const [layer] = [...importOnnx(model(gemm)).graph.nodes()];
    expect([layer.op.name, ...layer.inputs.map((value) => value?.name)]).toEqual(["linear", "x", "b", "c"]);
    expect(run(gemm, [1, 0, 0, 1]).values).toEqual([11, 23, 12, 24]);
    expect(run(single(node("MatMul x b -> y"), [2, 2], b), [1, 0, 0, 1]).values).toEqual([1, 2, 3, 4]);
  });

  it("scale both terms and add a bias that is not one for each column", () => {
    const scaled = node("Gemm x b c -> y", float("alpha", 2), float("beta", 3), int("transA", 1));
    const parts = single(scaled, [2, 2], b, floats("c", [2, 1], [1, 2]));
    expect(operatorsOf(parts)).toEqual(["transpose", "linear", "add"]);
    expect(run(parts, [1, 0, 1, 1]).values).toEqual([11, 15, 12, 14]);
  });

  it("share weights that are rearranged", () => {
    const nodes = [node("MatMul x b -> t"), node("MatMul t b -> y")];
    const { graph } = importOnnx(model({ inputs: [x22], nodes, outputs: ["y"], initializers: [b] }));
    const [first, second] = [...graph.nodes()].map(({ inputs }) => inputs[1]);
    expect(second).toBe(first);
  });

  it("of two inputs, vectors among them, are matmul", () => {
    const parts = { inputs: [x22, input("v", [2])], nodes: [node("MatMul x v -> y")], outputs: ["y"] };
    expect(operatorsOf(parts)).toEqual(["reshape", "matmul", "reshape"]);
    expect(run(parts, [1, 2, 3, 4], [1, 10])).toEqual({ shape: [2], values: [21, 43] });
  });
});

describe("Slice", () => {
  const sliced = (starts: number[], ends: number[], steps: number[]) =>
    run(
      single(
        node("Slice x s e a t -> y"),
        [5],
        longs("s", ...starts),
        longs("e", ...ends),
        longs("a", 0),
        longs("t", ...steps),
      ),
      range(5),
    ).values;

  it("clamps, counts from the end and goes backwards", () => {
    expect(sliced([1], [100], [1])).toEqual([2, 3, 4, 5]);
    expect(sliced([-2], [Number.MAX_SAFE_INTEGER], [1])).toEqual([4, 5]);
    expect(sliced([-1], [-100], [-2])).toEqual([5, 3, 1]);
    expect(sliced([4], [2], [1])).toEqual([]);
  });

  it("of an open size stays open", () => {
    const parts = {
      inputs: [input("x", ["n", 2])],
      nodes: [node("Slice x s e -> y")],
      outputs: ["y"],
      initializers: [longs("s", 1), longs("e", -1)],
    };
    expect(importOnnx(model(parts)).graph.outputs[0].type.shape).toEqual(["n - 2", 2]);
  });

  it("took attributes before opset 10", () => {
    const parts = { ...single(node("Slice x -> y", ints("starts", 1), ints("ends", 3)), [5]), opset: 9 };
    expect(run(parts, range(5)).values).toEqual([2, 3]);
  });
});

describe("Pad", () => {
  it("cuts where it is negative", () => {
    const parts = single(node("Pad x p v -> y"), [4], longs("p", -1, 2), floats("v", [], [9]));
    expect(run(parts, range(4)).values).toEqual([2, 3, 4, 9, 9]);
  });

  it("mirrors or repeats the border, on chosen axes", () => {
    const padded = (mode: string) =>
      run(
        { ...single(node("Pad x p _ a -> y", text("mode", mode)), [1, 3], longs("p", 2, 0), longs("a", 1)), opset: 18 },
        range(3),
      ).values;
    expect(padded("reflect")).toEqual([3, 2, 1, 2, 3]);
    expect(padded("edge")).toEqual([1, 1, 1, 2, 3]);
  });
});

describe("axes", () => {
  it("were attributes before opset 13 or 18, and inputs since", () => {
    const sum = (opset: number, operator: ModelParts["nodes"][number]) =>
      run({ ...single(operator, [2, 2], longs("a", 0)), opset }, range(4));
    expect(sum(11, node("ReduceSum x -> y", ints("axes", 0), int("keepdims", 0)))).toEqual({
      shape: [2],
      values: [4, 6],
    });
    expect(sum(13, node("ReduceSum x a -> y"))).toEqual({ shape: [1, 2], values: [4, 6] });
    expect(sum(13, node("ReduceMean x -> y", ints("axes", -1)))).toEqual({ shape: [2, 1], values: [1.5, 3.5] });
    expect(sum(18, node("ReduceMax x a -> y", int("noop_with_empty_axes", 1)))).toEqual({
      shape: [1, 2],
      values: [3, 4],
    });
    expect(sum(12, node("Unsqueeze x -> y", ints("axes", -1))).shape).toEqual([2, 2, 1]);
    expect(sum(13, node("Unsqueeze x a -> y")).shape).toEqual([1, 2, 2]);
  });

  it("of Softmax from its axis on counted as one before opset 13", () => {
    const softmax = (opset: number) =>
      run({ ...single(node("Softmax x -> y"), [1, 2, 2]), opset }, [0, 0, 0, 0]).values;
    expect(softmax(12)).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(softmax(13)).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  it("of Split give equal parts, the last one smaller", () => {
    const parts = { ...single(node("Split x -> a b y", int("num_outputs", 3)), [7]), opset: 18 };
    expect(run(parts, range(7)).values).toEqual([7]);
  });
});

describe("elements", () => {
  it("are clamped by attributes, constants or values", () => {
    const low = floats("low", [], [2]);
    expect(run({ ...single(node("Clip x -> y", float("max", 2)), [3]), opset: 6 }, range(3)).values).toEqual([1, 2, 2]);
    expect(operatorsOf(single(node("Clip x low -> y"), [3], low))).toEqual(["clamp"]);
    const dynamic = { inputs: [input("x", [3]), input("low", [])], nodes: [node("Clip x low -> y")], outputs: ["y"] };
    expect(run(dynamic, range(3), [2]).values).toEqual([2, 2, 3]);
  });

  it("met along an axis of their own before opset 7", () => {
    const parts = {
      ...single(node("Add x c -> y", int("broadcast", 1), int("axis", 0)), [2, 2], floats("c", [2], [10, 20])),
      opset: 6,
    };
    expect(run(parts, range(4)).values).toEqual([11, 12, 23, 24]);
  });

  it("of any count are folded", () => {
    const parts = { inputs: [input("a", [2]), input("b", [2]), input("c", [2])], outputs: ["y"] };
    expect(run({ ...parts, nodes: [node("Max a b c -> y")] }, [1, 5], [2, 4], [0, 9]).values).toEqual([2, 9]);
    expect(run({ ...parts, nodes: [node("Mean a b c -> y")] }, [1, 5], [2, 4], [0, 9]).values).toEqual([1, 6]);
  });
});

describe("quantization", () => {
  const bytes = (name: string, dims: readonly number[], ...values: number[]) =>
    encodeTensor(name, { dataType: "INT8", dims, data: Int8Array.from(values) });

  it("is in the type of what is quantized", () => {
    const parts = {
      inputs: [input("x", [3])],
      nodes: [node("QuantizeLinear x s z -> q"), node("DequantizeLinear q s z -> y")],
      outputs: ["y"],
      initializers: [floats("s", [], [0.5]), bytes("z", [], 1)],
    };
    const { graph } = importOnnx(model(parts));
    expect([...graph.nodes()][0].outputs[0].type).toEqual({
      dtype: "i8",
      shape: [3],
      quantization: { scale: [0.5], zeroPoint: [1] },
    });
    expect(run(parts, [0.4, 1.1, 1000]).values).toEqual([0.5, 1, 63]);
  });

  it("needs scales that are numbers above 0", () => {
    const initializers = [bytes("w", [2], 1, 2), floats("s", [], [0])];
    const parts = { inputs: [input("x", [2])], nodes: [node("DequantizeLinear w s -> r"), node("Add x r -> y")] };
    expect(diagnosticsOf({ ...parts, outputs: ["y"], initializers })).toMatchObject([
      { code: "onnx.shape", at: { node: "r" } },
    ]);
  });

  it("of weights per axis follows them through a transposition", () => {
    const initializers = [bytes("w", [2, 2], 1, 2, 3, 4), floats("s", [2], [1, 10])];
    const nodes = [node("DequantizeLinear w s -> r", int("axis", 1)), node("MatMul x r -> y")];
    const { graph } = importOnnx(model({ inputs: [x22], nodes, outputs: ["y"], initializers }));
    const [dequantize, layer] = [...graph.nodes()];
    expect([graph.size, layer.op.name, dequantize.inputs[0]?.type.quantization?.axis]).toEqual([2, "linear", 0]);
    expect(run({ inputs: [x22], nodes, outputs: ["y"], initializers }, [1, 0, 0, 1]).values).toEqual([1, 20, 3, 40]);
  });
});
