import { describe, expect, it } from "vitest";
import { diagnosticsOf, floats, input, int, longs, node, run } from "../model.testing.ts";

const rounded = (values: readonly number[]) => values.map((value) => Math.round(value * 1e4) / 1e4 + 0);

describe("DFT", () => {
  const of = (
    shape: readonly number[],
    data: readonly number[],
    line = "DFT x -> y",
    ...attributes: ReturnType<typeof int>[]
  ) => {
    const initializers = [longs("n", 4), longs("a", 0)];
    return run(
      { inputs: [input("x", shape)], nodes: [node(line, ...attributes)], outputs: ["y"], initializers, opset: 20 },
      data,
    );
  };

  it("gives the frequencies of reals and of complex numbers, and goes back", () => {
    const wave = of([1, 4, 1], [1, 0, -1, 0]);
    expect(wave.shape).toEqual([1, 4, 2]);
    expect(rounded(wave.values)).toEqual([0, 0, 2, 0, 0, 0, 2, 0]);
    expect(rounded(of([1, 4, 2], wave.values, "DFT x -> y", int("inverse", 1)).values)).toEqual([
      1, 0, 0, 0, -1, 0, 0, 0,
    ]);
    expect(rounded(of([1, 2, 2], [0, 1, 1, 0]).values)).toEqual([1, 1, -1, 1]);
  });

  it("leaves out conjugates, and makes reals out of what it left", () => {
    const half = of([1, 4, 1], [1, 2, 3, 5], "DFT x -> y", int("onesided", 1));
    expect(half.shape).toEqual([1, 3, 2]);
    const back = of([1, 3, 2], half.values, "DFT x -> y", int("onesided", 1), int("inverse", 1));
    expect([back.shape, rounded(back.values)]).toEqual([
      [1, 4, 1],
      [1, 2, 3, 5],
    ]);
  });

  it("fills or cuts to its length, along any axis", () => {
    expect(rounded(of([1, 2, 1], [1, 1], "DFT x n -> y").values)).toEqual([2, 0, 1, -1, 0, 0, 1, 1]);
    expect(rounded(of([1, 5, 1], [1, 0, -1, 0, 9], "DFT x n -> y").values)).toEqual([0, 0, 2, 0, 0, 0, 2, 0]);
    expect(rounded(of([2, 2, 1], [1, 2, 3, 4], "DFT x _ a -> y").values)).toEqual([4, 0, 6, 0, -2, 0, -2, 0]);
  });

  it("refuses a transform whose matrix is out of proportion", () => {
    const parts = { inputs: [input("x", [1, 2 ** 14, 1])], nodes: [node("DFT x -> y")], outputs: ["y"], opset: 20 };
    expect(diagnosticsOf(parts)).toMatchObject([{ code: "onnx.unsupported-attribute" }]);
  });
});

describe("STFT", () => {
  it("transforms frames times a window", () => {
    const parts = {
      inputs: [input("x", [1, 4, 1])],
      nodes: [node("STFT x s w -> y")],
      outputs: ["y"],
      initializers: [longs("s", 1), floats("w", [2], [1, 0.5])],
    };
    const { shape, values } = run(parts, [1, 2, 3, 4]);
    expect([shape, rounded(values)]).toEqual([
      [1, 3, 2, 2],
      [2, 0, 0, 0, 3.5, 0, 0.5, 0, 5, 0, 1, 0],
    ]);
  });
});

describe("windows", () => {
  it("are periodic or symmetric", () => {
    const window = (type: string, periodic: number) =>
      rounded(
        run({
          inputs: [],
          nodes: [node(`${type} n -> y`, int("periodic", periodic))],
          outputs: ["y"],
          initializers: [longs("n", 4)],
        }).values,
      );
    expect(window("HannWindow", 1)).toEqual([0, 0.5, 1, 0.5]);
    expect(window("HannWindow", 0)).toEqual([0, 0.75, 0.75, 0]);
    expect(window("HammingWindow", 1)).toEqual([0.087, 0.5435, 1, 0.5435]);
    expect(window("BlackmanWindow", 1)).toEqual([0, 0.34, 1, 0.34]);
  });
});
