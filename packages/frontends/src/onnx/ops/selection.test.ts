import { describe, expect, it } from "vitest";
import { diagnosticsOf, floats, input, int, ints, longs, node, operatorsOf, run } from "../model.testing.ts";

const count = (length: number) => Array.from({ length }, (_, index) => index + 1);
const single = (
  operator: ReturnType<typeof node>,
  shape: readonly number[],
  ...initializers: ReturnType<typeof floats>[]
) => ({
  inputs: [input("x", shape)],
  nodes: [operator],
  outputs: ["y"],
  initializers,
  opset: 18,
});

describe("Trilu", () => {
  it("keeps a triangle from a diagonal on", () => {
    expect(run(single(node("Trilu x -> y"), [2, 2]), count(4)).values).toEqual([1, 2, 0, 4]);
    const lower = single(node("Trilu x k -> y", int("upper", 0)), [1, 2, 3], longs("k", 1));
    expect(run(lower, count(6)).values).toEqual([1, 2, 0, 4, 5, 6]);
    expect(diagnosticsOf(single(node("Trilu x -> y"), [2]))).toMatchObject([{ code: "onnx.shape" }]);
  });
});

describe("OneHot", () => {
  const parts = (axis: number) =>
    single(node("OneHot x d v -> y", int("axis", axis)), [3], longs("d", 3), floats("v", [2], [5, 9]));

  it("counts negative indices from the end, and has none hot outside", () => {
    expect(run(parts(-1), [0, -1, 7])).toEqual({ shape: [3, 3], values: [9, 5, 5, 5, 5, 9, 5, 5, 5] });
    expect(run(parts(0), [0, -1, 7]).values).toEqual([9, 5, 5, 5, 5, 5, 5, 9, 5]);
  });
});

describe("Hardmax", () => {
  it("marks the first greatest element", () => {
    expect(run(single(node("Hardmax x -> y"), [2, 3]), [1, 3, 3, 2, 0, 1]).values).toEqual([0, 1, 0, 1, 0, 0]);
    const joint = { ...single(node("Hardmax x -> y"), [1, 2, 2]), opset: 11 };
    expect(run(joint, [1, 2, 4, 3]).values).toEqual([0, 0, 1, 0]);
  });
});

describe("Compress, NonZero and Unique", () => {
  const flags = longs("c", 0, 1, 1);

  it("pick by constants", () => {
    const rows = single(node("Compress x c -> y", int("axis", 0)), [3, 1], flags);
    expect(run(rows, count(3))).toEqual({ shape: [2, 1], values: [2, 3] });
    expect(run(single(node("Compress x c -> y"), [2, 2], flags), count(4)).values).toEqual([2, 3]);
    const found = {
      inputs: [],
      nodes: [node("NonZero m -> y")],
      outputs: ["y"],
      initializers: [floats("m", [2, 2], [1, 0, 2, 3])],
    };
    expect(run(found)).toEqual({ shape: [2, 3], values: [0, 1, 1, 0, 0, 1] });
  });

  it("pick by what is computed", () => {
    const inputs = [input("x", [2, 2]), input("c", [2])];
    const rows = { inputs, nodes: [node("Compress x c -> y", int("axis", 1))], outputs: ["y"] };
    expect(run(rows, count(4), [0, 1])).toEqual({ shape: [2, 1], values: [2, 4] });
    expect(run({ ...rows, nodes: [node("Compress x c -> y")] }, count(4), [0, 0])).toEqual({ shape: [0], values: [] });
    const found = single(node("NonZero x -> y"), [2, 2]);
    expect(run(found, [1, 0, 2, 3])).toEqual({ shape: [2, 3], values: [0, 1, 1, 0, 0, 1] });
    expect(run(found, [0, 0, 0, 0])).toEqual({ shape: [2, 0], values: [] });
    expect(run(single(node("NonZero x -> y"), []), [3])).toEqual({ shape: [1, 1], values: [0] });
  });

  it("find what differs, sorted or not", () => {
    const initializers = [floats("m", [5], [3, 1, 3, 2, 1])];
    const results = (sorted: number) =>
      ["y", "i", "v", "n"].map((name) => {
        const nodes = [node("Unique m -> y i v n", int("sorted", sorted))];
        return run({ inputs: [], nodes, outputs: [name], initializers }).values;
      });
    expect(results(1)).toEqual([
      [1, 2, 3],
      [1, 3, 0],
      [2, 0, 2, 1, 0],
      [2, 1, 2],
    ]);
    expect(results(0)).toEqual([
      [3, 1, 2],
      [0, 1, 3],
      [0, 1, 0, 2, 1],
      [2, 2, 1],
    ]);
    const columns = {
      inputs: [],
      nodes: [node("Unique m -> y", int("axis", 1))],
      outputs: ["y"],
      initializers: [floats("m", [2, 3], [2, 1, 2, 0, 5, 0])],
    };
    expect(run(columns)).toEqual({ shape: [2, 2], values: [1, 2, 5, 0] });
  });
});

describe("Unique of computed data", () => {
  const results = (...attributes: ReturnType<typeof int>[]) =>
    ["y", "i", "v", "n"].map((name) => {
      const nodes = [node("Unique x -> y i v n", ...attributes)];
      return run({ inputs: [input("x", [5])], nodes, outputs: [name] }, [3, 1, 3, 2, 1]).values;
    });

  it("finds what differs, sorted or not", () => {
    expect(results()).toEqual([
      [1, 2, 3],
      [1, 3, 0],
      [2, 0, 2, 1, 0],
      [2, 1, 2],
    ]);
    expect(results(int("sorted", 0))).toEqual([
      [3, 1, 2],
      [0, 1, 3],
      [0, 1, 0, 2, 1],
      [2, 2, 1],
    ]);
  });

  it("takes one operator for the elements in their order", () => {
    const parts = {
      inputs: [input("x", [2, 2])],
      nodes: [node("Unique x -> y _ v", int("sorted", 0))],
      outputs: ["y"],
    };
    expect(run(parts, [4, 2, 4, 1])).toEqual({ shape: [3], values: [4, 2, 1] });
    expect(operatorsOf(parts)).toEqual(["reshape", "unique"]);
  });

  it("compares slices along an axis", () => {
    const columns = {
      inputs: [input("x", [2, 4])],
      nodes: [node("Unique x -> y _ v", int("axis", 1))],
      outputs: ["y"],
    };
    const x = [2, 1, 2, 1, 0, 5, 0, 4];
    expect(run(columns, x)).toEqual({ shape: [2, 3], values: [1, 1, 2, 4, 5, 0] });
    expect(run({ ...columns, outputs: ["v"] }, x).values).toEqual([2, 1, 2, 0]);
  });

  it("does not compare too many", () => {
    const parts = { inputs: [input("x", [5000])], nodes: [node("Unique x -> y")], outputs: ["y"] };
    expect(diagnosticsOf(parts)).toMatchObject([{ code: "onnx.unsupported-attribute" }]);
  });
});

describe("CenterCropPad", () => {
  it("cuts and fills at both ends, one more at the end", () => {
    expect(run(single(node("CenterCropPad x s -> y"), [5], longs("s", 2)), count(5)).values).toEqual([2, 3]);
    expect(run(single(node("CenterCropPad x s -> y"), [1], longs("s", 4)), [7]).values).toEqual([0, 7, 0, 0]);
    const columns = single(node("CenterCropPad x s -> y", ints("axes", -1)), [1, 3], longs("s", 1));
    expect(run(columns, count(3))).toEqual({ shape: [1, 1], values: [2] });
  });
});

describe("ReverseSequence", () => {
  it("reverses the start of each sequence", () => {
    const rows = single(
      node("ReverseSequence x n -> y", int("time_axis", 1), int("batch_axis", 0)),
      [2, 3],
      longs("n", 3, 2),
    );
    expect(run(rows, count(6)).values).toEqual([3, 2, 1, 5, 4, 6]);
    expect(run(single(node("ReverseSequence x n -> y"), [2, 3, 1], longs("n", 1, 2, 1)), count(6))).toEqual({
      shape: [2, 3, 1],
      values: [1, 5, 3, 4, 2, 6],
    });
    expect(diagnosticsOf(single(node("ReverseSequence x n -> y"), [2, 1], longs("n", 3)))).toMatchObject([
      { code: "onnx.shape" },
    ]);
  });
});
