import { encodeAttribute, encodeTensor, type OnnxAttribute } from "@millrace/formats/onnx";
import { describe, expect, it } from "vitest";
import {
  diagnosticsOf,
  float,
  floats,
  input,
  int,
  type ModelParts,
  node,
  operatorsOf,
  run,
  text,
} from "../model.testing.ts";

const texts = (name: string, ...value: string[]) => encodeAttribute(name, { kind: "STRINGS", value });
const reals = (name: string, ...value: number[]) => encodeAttribute(name, { kind: "FLOATS", value });
const lengths = (...values: number[]) =>
  encodeTensor("lengths", { dataType: "INT32", dims: [values.length], data: Int32Array.from(values) });

/** A running sum: h' = x + h. */
const sum = [texts("activations", "Affine")];
const running = {
  initializers: [floats("w", [1, 1, 1], [1]), floats("r", [1, 1, 1], [1])],
  inputs: [input("x", [3, 1, 1])],
};

function layer(line: string, attributes: readonly OnnxAttribute[], parts: Partial<ModelParts> = {}): ModelParts {
  return { ...running, nodes: [node(line, ...attributes)], outputs: ["y"], ...parts };
}

describe("recurrent layers", () => {
  it("go through a sequence from either end, or both", () => {
    expect(run(layer("RNN x w r -> y", sum), [1, 2, 4])).toEqual({ shape: [3, 1, 1, 1], values: [1, 3, 7] });
    const reverse = [...sum, text("direction", "reverse")];
    expect(run(layer("RNN x w r -> y", reverse), [1, 2, 4]).values).toEqual([7, 6, 4]);
    const both = layer(
      "RNN x w r -> y",
      [texts("activations", "Affine", "Affine"), text("direction", "bidirectional")],
      {
        initializers: [floats("w", [2, 1, 1], [1, 10]), floats("r", [2, 1, 1], [1, 1])],
      },
    );
    expect(run(both, [1, 2, 4])).toEqual({ shape: [3, 2, 1, 1], values: [1, 70, 3, 60, 7, 40] });
  });

  it("tell in how many steps they are written out", () => {
    const both = [texts("activations", "Affine", "Affine"), text("direction", "bidirectional")];
    const initializers = [floats("w", [2, 1, 1], [1, 10]), floats("r", [2, 1, 1], [1, 1])];
    expect(diagnosticsOf(layer("RNN x w r -> y", both, { initializers }))).toMatchObject([
      { code: "onnx.unrolled-layer", severity: "info", message: expect.stringContaining("written out in 6 steps") },
    ]);
    expect(diagnosticsOf(layer("RNN x w r -> y", sum, { inputs: [input("x", [1, 1, 1])] }))).toEqual([]);
  });

  it("stop at the end of each entry's sequence, and start from given states", () => {
    const parts = (direction: string) =>
      layer("RNN x w r _ lengths start -> all y", [...sum, text("direction", direction)], {
        inputs: [input("x", [3, 2, 1])],
        initializers: [...running.initializers, lengths(2, 3), floats("start", [1, 2, 1], [100, 200])],
        outputs: ["all"],
      });
    expect(run(parts("forward"), [1, 10, 2, 20, 4, 40]).values).toEqual([101, 210, 103, 230, 0, 270]);
    expect(run(parts("reverse"), [1, 10, 2, 20, 4, 40]).values).toEqual([103, 270, 102, 260, 0, 240]);
    expect(run({ ...parts("forward"), outputs: ["y"] }, [1, 10, 2, 20, 4, 40]).values).toEqual([103, 270]);
  });

  it("take sequences with the batch first without a transpose", () => {
    const parts = layer("RNN x w r -> y", [...sum, int("layout", 1)], { inputs: [input("x", [2, 3, 1])] });
    expect(run(parts, [1, 2, 4, 10, 20, 40])).toEqual({ shape: [2, 3, 1, 1], values: [1, 3, 7, 10, 30, 70] });
    expect(operatorsOf(parts)).not.toContain("transpose");
  });

  it("use alphas and betas in the order of the activations that have them", () => {
    const attributes = [
      texts("activations", "Affine", "relu"),
      text("direction", "bidirectional"),
      reals("activation_alpha", 2),
      reals("activation_beta", 1),
      float("clip", 3),
    ];
    const parts = layer("RNN x w r -> y", attributes, {
      initializers: [floats("w", [2, 1, 1], [1, -1]), floats("r", [2, 1, 1], [0, 0])],
    });
    expect(run(parts, [1, -2, 4]).values).toEqual([3, 0, -3, 2, 7, 0]);
  });
});

describe("LSTM", () => {
  const linear = texts("activations", "Affine", "Affine", "Affine");
  const initializers = [
    floats("w", [1, 4, 1], [1, 0, 0, 0]),
    floats("r", [1, 4, 1], [0, 0, 0, 0]),
    floats("b", [1, 8], [0, 1, 0.5, 2, 0, 0, 0, 1]),
    floats("h", [1, 1, 1], [0]),
    floats("c", [1, 1, 1], [8]),
    floats("p", [1, 3], [1, 0.5, 0]),
  ];
  const parts = (line: string, ...attributes: OnnxAttribute[]): ModelParts =>
    layer(line, [linear, ...attributes], { inputs: [input("x", [2, 1, 1])], initializers });

  it("keeps half of its cell and takes in three times its data", () => {
    expect(run(parts("LSTM x w r b _ h c -> y"), [1, 2]).values).toEqual([7, 9.5]);
  });

  it("is one operator in each direction where it is a usual one of known or open length", () => {
    const numbers = (shape: readonly number[], seed: number) =>
      Array.from({ length: shape.reduce((a, b) => a * b) }, (_, at) => Math.sin(seed + at * 1.7));
    const weights = (name: string, ...shape: number[]) => floats(name, shape, numbers(shape, name.length));
    const usual = (steps: number | string, ...attributes: OnnxAttribute[]): ModelParts => ({
      nodes: [node("LSTM x w rr bbb -> y h c", text("direction", "bidirectional"), ...attributes)],
      initializers: [weights("w", 2, 8, 3), weights("rr", 2, 8, 2), weights("bbb", 2, 16)],
      inputs: [input("x", [steps, 2, 3])],
      outputs: ["y", "h", "c"],
    });
    const data = numbers([4, 2, 3], 9);
    const whole = usual(4);
    expect(operatorsOf(whole).filter((name) => name === "lstm")).toHaveLength(2);
    const steps = usual(4, float("clip", 1000));
    expect(operatorsOf(steps)).not.toContain("lstm");
    for (const outputs of [["y"], ["h"], ["c"]]) {
      const [actual, expected] = [whole, steps].map((model) => run({ ...model, outputs }, data));
      expect(actual.shape).toEqual(expected.shape);
      for (const [at, value] of expected.values.entries()) expect(actual.values[at]).toBeCloseTo(value, 5);
    }
    expect(operatorsOf(usual(1))).not.toContain("lstm");
    const open: ModelParts = {
      nodes: [node("LSTM x w rr -> y")],
      initializers: [weights("w", 1, 8, 3), weights("rr", 1, 8, 2)],
      inputs: [input("x", ["steps", 2, 3])],
      outputs: ["y"],
    };
    expect(operatorsOf(open)).toContain("lstm");
  });

  it("couples its gates", () => {
    expect(run(parts("LSTM x w r b _ h c -> y", int("input_forget", 1)), [0.5, 2]).values).toEqual([5.5, 0.5]);
  });

  it("looks at its cell through peepholes", () => {
    expect(run(parts("LSTM x w r b _ h c p -> y"), [1, 2]).values).toEqual([31 * 16.5, 114.5 * 58.25]);
  });
});

describe("GRU", () => {
  const initializers = [
    floats("w", [1, 3, 1], [0, 0, 1]),
    floats("r", [1, 3, 1], [0, 0, 1]),
    floats("b", [1, 6], [0.25, 0.5, 0, 0, 0, 4]),
    floats("h", [1, 1, 1], [8]),
  ];
  const parts = (...attributes: OnnxAttribute[]): ModelParts =>
    layer("GRU x w r b _ h -> y", [texts("activations", "Affine", "Affine"), ...attributes], {
      inputs: [input("x", [1, 1, 1])],
      initializers,
    });

  it("resets its state before or after the product with it", () => {
    expect(run(parts(), [2]).values).toEqual([0.75 * (2 + 0.5 * 8 + 4) + 0.25 * 8]);
    expect(run(parts(int("linear_before_reset", 1)), [2]).values).toEqual([0.75 * (2 + 0.5 * (8 + 4)) + 0.25 * 8]);
  });

  it("says what it can't be given", () => {
    const empty = { ...parts(), inputs: [input("x", [0, 1, 1])] };
    expect(diagnosticsOf(empty)).toMatchObject([{ hint: "Give it one step at least." }]);
    const strange = layer("RNN x w r -> y", [texts("activations", "constructor")]);
    expect(diagnosticsOf(strange)).toMatchObject([{ message: expect.stringContaining("constructor is not known") }]);
  });
});
