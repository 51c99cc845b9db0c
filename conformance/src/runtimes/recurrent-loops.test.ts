import { createLiteRt, createTfjsTflite, tfliteEngine } from "@millrace/devices/node";
import { encodeAttribute, encodeTensor, type OnnxAttribute, type OnnxModel, writeOnnx } from "@millrace/formats/onnx";
import { fromNumbers, numbersOf, type Tensor } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { convert, load } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { openOnnxFile } from "../onnx-file.ts";

const [steps, batch, inputs, units] = [200, 2, 3, 4];

function numbers(shape: readonly number[], seed: number): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const at = (index: number) => Math.sin(seed + index * 1.7) * 0.8;
  return fromNumbers(
    "f32",
    shape,
    Float64Array.from({ length: count }, (_, index) => at(index)),
  );
}

const stored = (name: string, shape: readonly number[]) =>
  encodeTensor(name, { dataType: "FLOAT", dims: shape, data: numbers(shape, name.length).data as Float32Array });
const text = (name: string, value: string) => encodeAttribute(name, { kind: "STRING", value });
const int = (name: string, value: number) => encodeAttribute(name, { kind: "INT", value });
const float = (name: string, value: number) => encodeAttribute(name, { kind: "FLOAT", value });

interface Layer {
  readonly opType: "GRU" | "RNN" | "LSTM";
  readonly gates: number;
  readonly operands: readonly string[];
  readonly attributes: readonly OnnxAttribute[];
  readonly directions: number;
}

const layers: readonly Layer[] = [
  { opType: "RNN", gates: 1, operands: ["bias"], attributes: [], directions: 1 },
  { opType: "GRU", gates: 3, operands: ["bias"], attributes: [int("linear_before_reset", 1)], directions: 1 },
  {
    opType: "GRU",
    gates: 3,
    operands: ["bias", "lengths", "state"],
    attributes: [text("direction", "bidirectional"), float("clip", 0.7)],
    directions: 2,
  },
  {
    opType: "LSTM",
    gates: 4,
    operands: ["bias", "lengths", "state", "cell", "peephole"],
    attributes: [text("direction", "reverse")],
    directions: 1,
  },
];

function modelOf({ opType, gates, operands, attributes, directions }: Layer): OnnxModel {
  const state = [directions, batch, units];
  const sized = (name: string, dims: readonly number[]) => ({
    name,
    type: { tensor: { elementType: 1, shape: { dims: dims.map((value) => ({ value })) } } },
  });
  const outputs = ["all", "last", ...(opType === "LSTM" ? ["last_cell"] : [])];
  const initializers = [
    stored("w", [directions, gates * units, inputs]),
    stored("rr", [directions, gates * units, units]),
    stored("bias", [directions, 2 * gates * units]),
    encodeTensor("lengths", { dataType: "INT32", dims: [batch], data: Int32Array.of(150, steps) }),
    stored("state", state),
    stored("cell", state),
    stored("peephole", [directions, 3 * units]),
  ];
  const names = ["x", "w", "rr", ...operands];
  const hiddenSize = int("hidden_size", units);
  return {
    irVersion: 8,
    opsetImports: [{ domain: "", version: 17 }],
    functions: [],
    graph: {
      name: opType,
      nodes: [{ name: "layer", opType, domain: "", inputs: names, outputs, attributes: [hiddenSize, ...attributes] }],
      inputs: [sized("x", [steps, batch, inputs])],
      outputs: outputs.map((name) => sized(name, name === "all" ? [steps, directions, batch, units] : state)),
      initializers: initializers.filter(({ name }) => names.includes(name)),
      sparseInitializers: [],
      valueInfos: [],
    },
  };
}

function expectNear(actual: readonly Tensor[], expected: readonly Tensor[]): void {
  expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  for (const [index, tensor] of expected.entries()) {
    const [got, wanted] = [numbersOf(actual[index]), numbersOf(tensor)];
    const worst = Array.from(wanted, (value, at) => Math.abs(value - got[at])).reduce((a, b) => Math.max(a, b), 0);
    expect(worst).toBeLessThan(1e-5);
  }
}

describe.each(layers)("a long $opType of $directions directions with $operands", (layer) => {
  const bytes = writeOnnx(modelOf(layer));
  const source = { name: "layer.onnx", bytes };
  const x = numbers([steps, batch, inputs], 5);
  const expected = openOnnxFile(bytes).then((file) => file.run([x]));

  it("is a loop that computes what onnxruntime does", async () => {
    const { graph } = load(source);
    expect(graph.size).toBeLessThan(40);
    const results = await (await referenceEngine().prepare(graph)).run(new Map([["x", x]]));
    expectNear(
      graph.outputs.map(({ name }) => results.get(name)!),
      await expected,
    );
  });

  it("is run by onnxruntime from what is written as ONNX", async () => {
    const written = convert(source, { to: "onnx" });
    const file = await openOnnxFile(written.bytes);
    expectNear(await file.run([x]), await expected);
  });

  it.each([
    ["LiteRT", createLiteRt],
    ["TFLite for the web", createTfjsTflite],
  ])("is run by %s from what is written as TFLite", async (_, create) => {
    const { graph, operators } = convert(source, { to: "tflite", ioLayout: "source" });
    expect(operators["WHILE"]).toBe(layer.directions);
    const prepared = await tfliteEngine([create]).prepare(graph);
    const results = await prepared.run(new Map([["x", x]]));
    await prepared.dispose();
    expectNear(
      graph.outputs.map(({ name }) => results.get(name)!),
      await expected,
    );
  });
});
