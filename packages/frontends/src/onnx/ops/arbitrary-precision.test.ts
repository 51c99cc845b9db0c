import type { OnnxAttribute } from "@millrace/formats/onnx";
import { numbersOf, tensorOf } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { evaluateGraph } from "../evaluate.testing.ts";
import { importOnnx } from "../import.ts";
import { floats, input, int, ints, type ModelParts, model, node, text } from "../model.testing.ts";

const domain = "qonnx.custom_op.general";
const scalar = (name: string, value: number) => floats(name, [], [value]);

function computed(parts: ModelParts, x: readonly number[], shape = [x.length]): number[] {
  const { graph } = importOnnx(model(parts));
  const [result] = evaluateGraph(graph, graph.inputs.length > 0 ? [tensorOf("f32", shape, Float32Array.from(x))] : []);
  return Array.from(numbersOf(result));
}

/** Quant of four bits and steps of 0.5 with a zero point, of an input or of a constant. */
function quantized(
  x: readonly number[],
  isConstant: boolean,
  attributes: readonly OnnxAttribute[],
  zero = 0,
): number[] {
  const parts: ModelParts = {
    inputs: isConstant ? [] : [input("x", [x.length])],
    initializers: [
      scalar("scale", 0.5),
      scalar("zero", zero),
      scalar("bits", 4),
      ...(isConstant ? [floats("x", [x.length], x)] : []),
    ],
    nodes: [{ ...node("Quant x scale zero bits -> y", ...attributes), domain }],
    outputs: ["y"],
  };
  return computed(parts, x);
}

const numbers = [-9, -4, -3.8, -1.25, -0.75, -0.3, 0.2, 0.25, 0.75, 1.1, 3.6, 9];
const cases: readonly (readonly [
  name: string,
  attributes: readonly OnnxAttribute[],
  expected: number[],
  zero: number,
])[] = [
  ["signed", [int("signed", 1)], [-4, -4, -4, -1, -1, -0.5, 0, 0, 1, 1, 3.5, 3.5], 0],
  ["narrow", [int("narrow", 1)], [-3.5, -3.5, -3.5, -1, -1, -0.5, 0, 0, 1, 1, 3.5, 3.5], 0],
  ["unsigned", [int("signed", 0)], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3.5, 7.5], 0],
  ["narrow and unsigned", [int("signed", 0), int("narrow", 1)], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 3.5, 7], 0],
  ["with a zero point", [int("signed", 0)], [-2, -2, -2, -1, -1, -0.5, 0, 0, 1, 1, 3.5, 5.5], 4],
  ["down", [text("rounding_mode", "FLOOR")], [-4, -4, -4, -1.5, -1, -0.5, 0, 0, 0.5, 1, 3.5, 3.5], 0],
  ["up", [text("rounding_mode", "CEIL")], [-4, -4, -3.5, -1, -0.5, 0, 0.5, 0.5, 1, 1.5, 3.5, 3.5], 0],
  ["to zero", [text("rounding_mode", "ROUND_TO_ZERO")], [-4, -4, -3.5, -1, -0.5, 0, 0, 0, 0.5, 1, 3.5, 3.5], 0],
  [
    "halves away from zero",
    [text("rounding_mode", "HALF_UP")],
    [-4, -4, -4, -1.5, -1, -0.5, 0, 0.5, 1, 1, 3.5, 3.5],
    0,
  ],
  ["halves to zero", [text("rounding_mode", "HALF_DOWN")], [-4, -4, -4, -1, -0.5, -0.5, 0, 0, 0.5, 1, 3.5, 3.5], 0],
];

describe("data on a grid of few bits", () => {
  it.each(cases)("%s", (_, attributes, expected, zero) => {
    for (const isConstant of [false, true])
      expect(quantized(numbers, isConstant, attributes, zero).map((n) => n + 0)).toEqual(expected);
  });

  it("has steps of its own for each channel", () => {
    const parts: ModelParts = {
      inputs: [],
      initializers: [
        floats("x", [2, 2], [0.3, 9, 0.3, 9]),
        floats("scale", [2, 1], [0.5, 0.25]),
        scalar("zero", 0),
        scalar("bits", 8),
      ],
      nodes: [{ ...node("Quant x scale zero bits -> y"), domain }],
      outputs: ["y"],
    };
    expect(computed(parts, [])).toEqual([0.5, 9, 0.25, 9]);
    expect([...importOnnx(model(parts)).graph.nodes()].map(({ op }) => op.name)).toEqual(["dequantize"]);
  });

  it("passes through bytes, except where halves between two steps are common", () => {
    const operators = (scale: number) => {
      const parts: ModelParts = {
        inputs: [input("x", [4])],
        initializers: [scalar("scale", scale), scalar("zero", 0), scalar("bits", 8)],
        nodes: [{ ...node("Quant x scale zero bits -> y"), domain }],
        outputs: ["y"],
      };
      return [...importOnnx(model(parts)).graph.nodes()].map(({ op }) => op.name);
    };
    expect(operators(0.3)).toEqual(["clamp", "quantize", "dequantize"]);
    expect(operators(0.25)).toContain("round");
  });

  it("has one bit, or loses its lowest", () => {
    const parts = (operator: string): ModelParts => ({
      inputs: [input("x", [4])],
      initializers: [scalar("scale", 0.5), scalar("zero", 0), scalar("before", 8), scalar("after", 6)],
      nodes: [{ ...node(operator), domain }],
      outputs: ["y"],
    });
    expect(computed(parts("BipolarQuant x scale -> y"), [-3, -0, 0, 2])).toEqual([-0.5, 0.5, 0.5, 0.5]);
    expect(computed(parts("Trunc x scale zero before after -> y"), [-3.5, 0.5, 2, 3.5])).toEqual([-1, 0, 0.5, 0.5]);
  });
});

it("convolves data and weights with the channels last", () => {
  const parts: ModelParts = {
    inputs: [input("x", [1, 2, 2, 2])],
    initializers: [floats("w", [1, 1, 1, 2], [1, 10])],
    nodes: [
      {
        ...node("Conv x w -> y", ints("kernel_shape", 1, 1), int("group", 1)),
        domain: "qonnx.custom_op.channels_last",
      },
    ],
    outputs: ["y"],
  };
  expect(computed(parts, [1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2])).toEqual([21, 43, 65, 87]);
});
