import { encodeAttribute, encodeTensor, type OnnxAttribute } from "@millrace/formats/onnx";
import { type Graph, numbersOf, type Tensor, verify } from "@millrace/ir";
import { unrollRecurrent } from "@millrace/passes";
import { describe, expect, it } from "vitest";
import { evaluateGraph } from "../evaluate.testing.ts";
import { importOnnx } from "../import.ts";
import { diagnosticsOf, float, floats, input, int, type ModelParts, model, node, text } from "../model.testing.ts";

const [steps, batch, inputs, units] = [4, 2, 3, 2];

const numbers = (shape: readonly number[], seed: number) =>
  Array.from({ length: shape.reduce((a, b) => a * b) }, (_, at) => Math.sin(seed + at * 1.7));
const weights = (name: string, ...shape: number[]) => floats(name, shape, numbers(shape, name.length));
const lengths = encodeTensor("lengths", { dataType: "INT32", dims: [batch], data: Int32Array.of(2, 4) });
const texts = (name: string, ...value: string[]) => encodeAttribute(name, { kind: "STRINGS", value });

interface Case {
  readonly name: string;
  readonly line: string;
  readonly gates: number;
  readonly attributes: readonly OnnxAttribute[];
  readonly isBatchFirst?: boolean;
  readonly directions?: number;
}

const both = text("direction", "bidirectional");
const cases: readonly Case[] = [
  { name: "a plain layer", line: "RNN x w rr -> y h", gates: 1, attributes: [] },
  {
    name: "a gated layer both ways, with states and lengths",
    line: "GRU x w rr bbb lengths hidden -> y h",
    gates: 3,
    attributes: [both, float("clip", 0.8)],
    directions: 2,
  },
  {
    name: "a gated layer that resets after the product, the batch first",
    line: "GRU x w rr bbb lengths -> y h",
    gates: 3,
    attributes: [int("linear_before_reset", 1), int("layout", 1), text("direction", "reverse")],
    isBatchFirst: true,
  },
  {
    name: "a long short-term memory with peepholes and coupled gates",
    line: "LSTM x w rr bbb lengths hidden cells pp -> y h c",
    gates: 4,
    attributes: [
      int("input_forget", 1),
      both,
      texts("activations", "HardSigmoid", "Tanh", "Relu", "Sigmoid", "Softsign", "Tanh"),
    ],
    directions: 2,
  },
];

function partsOf({ line, gates, attributes, isBatchFirst, directions = 1 }: Case, count: number | string): ModelParts {
  const state = (name: string) => weights(name, directions, batch, units);
  return {
    nodes: [node(line, ...attributes)],
    inputs: [input("x", isBatchFirst ? [batch, count, inputs] : [count, batch, inputs])],
    initializers: [
      weights("w", directions, gates * units, inputs),
      weights("rr", directions, gates * units, units),
      weights("bbb", directions, 2 * gates * units),
      weights("pp", directions, 3 * units),
      state("hidden"),
      state("cells"),
      lengths,
    ],
    outputs: line.split("-> ")[1].split(" "),
  };
}

function resultsOf(graph: Graph, shape: readonly number[]): readonly Tensor[] {
  expect(verify(graph)).toEqual([]);
  const data = Float32Array.from(numbers(shape, 9));
  return evaluateGraph(graph, [{ dtype: "f32", shape, data }]);
}

const near = ({ data, ...type }: Tensor) => ({
  ...type,
  data: Array.from(numbersOf({ ...type, data }), (number) => expect.closeTo(number, 5)),
});
const plain = ({ data, ...type }: Tensor) => ({ ...type, data: Array.from(numbersOf({ ...type, data })) });
const graphOf = (parts: ModelParts) => importOnnx(model(parts)).graph;
const operators = (graph: Graph) => [...graph.nodes()].map(({ op }) => op.name);

describe("recurrent layers as loops", () => {
  it.each(cases)("compute what their steps written out do, for any number of steps: $name", (layer) => {
    const shape = layer.isBatchFirst ? [batch, steps, inputs] : [steps, batch, inputs];
    const written = graphOf(partsOf(layer, steps));
    const open = graphOf(partsOf(layer, "T"));
    expect(operators(written)).not.toContain("scan");
    expect(operators(open).filter((name) => name === "scan")).toHaveLength(layer.directions ?? 1);
    expect(resultsOf(open, shape).map(plain)).toEqual(resultsOf(written, shape).map(near));
  });

  it.each(cases)("are as large for many steps as for few, and can be written out: $name", (layer) => {
    const shape = layer.isBatchFirst ? [batch, 200, inputs] : [200, batch, inputs];
    const graph = graphOf(partsOf(layer, 200));
    expect(operators(graph).length).toBeLessThan(40);
    const looped = resultsOf(graph, shape);
    const context = { nested: false, note: () => {}, report: () => {} };
    expect(unrollRecurrent.run(graph, context)).toBe(layer.directions ?? 1);
    expect(operators(graph)).not.toContain("scan");
    expect(resultsOf(graph, shape).map(plain)).toEqual(looped.map(near));
  });

  it("tell that they are", () => {
    const found = (count: number | string) => diagnosticsOf(partsOf(cases[1], count));
    expect(found(steps)).toMatchObject([{ code: "onnx.unrolled-layer" }]);
    expect(found(200)).toMatchObject([{ code: "onnx.looped-layer", message: expect.stringContaining("200 steps") }]);
    expect(found("T")).toMatchObject([{ code: "onnx.looped-layer", message: expect.stringContaining("T steps") }]);
  });
});
