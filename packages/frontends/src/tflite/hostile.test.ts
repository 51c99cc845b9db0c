import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readTflite, type TfliteModel } from "@millrace/formats/tflite";
import { DiagnosticError } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { importTflite } from "./import.ts";
import { indices, problemsOf, sketch, type TensorSketch } from "./models.testing.ts";

const x: TensorSketch = { name: "x", shape: [1, 4, 4, 2] };
const y: TensorSketch = { name: "y", shape: [1, 4, 4, 2] };
const kernel: TensorSketch = { name: "w", shape: [2, 1, 1, 2], data: new Float32Array(4) };
const convolution = { kind: "Conv2DOptions", strideW: 1, strideH: 1 } as const;
const abs = { builtin: "ABS", inputs: [0], outputs: [1] } as const;
const eight = (values: Partial<TensorSketch>): TensorSketch => ({ ...x, type: "INT8", ...values });

const cases: Readonly<Record<string, readonly [code: string, model: () => TfliteModel]>> = {
  "no subgraph": ["tflite.subgraphs", () => ({ ...sketch([x, y], [abs]), subgraphs: [] })],
  "an operand too many": ["tflite.invalid-operator", () => sketch([x, y], [{ ...abs, inputs: [0, 0] }])],
  "no operand": ["tflite.invalid-operator", () => sketch([x, y], [{ ...abs, inputs: [] }])],
  "an operand left out": ["tflite.invalid-operator", () => sketch([x, y], [{ ...abs, inputs: [-1] }])],
  "no result": ["tflite.invalid-operator", () => sketch([x, y], [{ ...abs, outputs: [] }])],
  "a result left out": ["tflite.invalid-operator", () => sketch([x, y], [{ ...abs, outputs: [-1] }])],
  "two results instead of one": ["tflite.invalid-operator", () => sketch([x, y, y], [{ ...abs, outputs: [1, 2] }])],
  "a result made twice": ["tflite.invalid-operator", () => sketch([x, y], [abs, abs])],
  "a result of another type": ["tflite.invalid-operator", () => sketch([x, { ...y, type: "BOOL" }], [abs])],
  "an operator that reads its result": ["tflite.no-data", () => sketch([x, y], [{ ...abs, inputs: [1] }])],
  strings: ["tflite.unsupported-type", () => sketch([{ ...x, type: "STRING" }, y], [abs])],
  "a negative size": ["tflite.shape", () => sketch([{ ...x, shape: [-1, 2] }, y], [abs])],
  "too many axes": ["tflite.shape", () => sketch([{ ...x, shape: new Array(9).fill(1) }, y], [abs])],
  "a variable": ["tflite.variable", () => sketch([{ ...x, isVariable: true, data: new Float32Array(32) }, y], [abs])],
  "a buffer that is too short": [
    "tflite.buffer-size",
    () => sketch([x, { ...kernel, data: new Float32Array(3) }, y], [{ builtin: "ADD", inputs: [0, 1], outputs: [2] }]),
  ],
  "a huge constant": [
    "tflite.buffer-size",
    () =>
      sketch(
        [x, { ...kernel, shape: new Array(8).fill(2 ** 31 - 1) }, y],
        [{ builtin: "ADD", inputs: [0, 1], outputs: [2] }],
      ),
  ],
  "a scale for each index of no axis": [
    "tflite.quantization",
    () => sketch([eight({ quantization: { scale: [1, 1], quantizedDimension: 9 } }), y], [abs]),
  ],
  "fewer scales than indices": [
    "tflite.quantization",
    () => sketch([eight({ quantization: { scale: [1, 1, 1], quantizedDimension: 3 } }), y], [abs]),
  ],
  "a negative scale": ["tflite.quantization", () => sketch([eight({ quantization: { scale: [-1] } }), y], [abs])],
  "a scale that is no number": [
    "tflite.quantization",
    () => sketch([eight({ quantization: { scale: [Number.NaN] } }), y], [abs]),
  ],
  "a zero point beyond the type": [
    "tflite.quantization",
    () => sketch([eight({ quantization: { scale: [1], zeroPoint: [1n << 40n] } }), y], [abs]),
  ],
  "other numbers of scales and zero points": [
    "tflite.quantization",
    () => sketch([eight({ quantization: { scale: [1], zeroPoint: [0n, 0n] } }), y], [abs]),
  ],
  "options of another operator": [
    "tflite.invalid-operator",
    () =>
      sketch([x, kernel, y], [{ builtin: "CONV_2D", inputs: [0, 1], outputs: [2], options: { kind: "AddOptions" } }]),
  ],
  "no options": [
    "tflite.invalid-operator",
    () => sketch([x, kernel, y], [{ builtin: "CONV_2D", inputs: [0, 1], outputs: [2] }]),
  ],
  "a step of 0": [
    "tflite.invalid-operator",
    () =>
      sketch(
        [x, kernel, y],
        [{ builtin: "CONV_2D", inputs: [0, 1], outputs: [2], options: { kind: "Conv2DOptions" } }],
      ),
  ],
  "weights of three axes": [
    "tflite.invalid-operator",
    () =>
      sketch(
        [x, { ...kernel, shape: [2, 1, 2] }, y],
        [{ builtin: "CONV_2D", inputs: [0, 1], outputs: [2], options: convolution }],
      ),
  ],
  "an activation without a counterpart": [
    "tflite.unsupported",
    () =>
      sketch(
        [x, kernel, y],
        [
          {
            builtin: "CONV_2D",
            inputs: [0, 1],
            outputs: [2],
            options: { ...convolution, fusedActivationFunction: "TANH" },
          },
        ],
      ),
  ],
  "float data with integer weights around another zero": [
    "tflite.hybrid",
    () =>
      sketch(
        [x, { ...kernel, type: "INT8", data: new Int8Array(4), quantization: { scale: [1], zeroPoint: [5n] } }, y],
        [{ builtin: "CONV_2D", inputs: [0, 1], outputs: [2], options: convolution }],
      ),
  ],
  "axes whose order is computed": [
    "tflite.not-constant",
    () =>
      sketch(
        [x, { name: "a", type: "INT32", shape: [4] }, y],
        [{ builtin: "TRANSPOSE", inputs: [0, 1], outputs: [2] }],
      ),
  ],
  "an axis there is not": [
    "tflite.invalid-operator",
    () => sketch([x, indices(4), y], [{ builtin: "MEAN", inputs: [0, 1], outputs: [2] }]),
  ],
  "a permutation that repeats": [
    "tflite.invalid-operator",
    () => sketch([x, indices(0, 0, 1, 2), y], [{ builtin: "TRANSPOSE", inputs: [0, 1], outputs: [2] }]),
  ],
  "a shape of other elements": [
    "tflite.invalid-operator",
    () => sketch([x, indices(3, -1), y], [{ builtin: "RESHAPE", inputs: [0, 1], outputs: [2] }]),
  ],
  "two open sizes": [
    "tflite.invalid-operator",
    () => sketch([x, indices(-1, -1), y], [{ builtin: "RESHAPE", inputs: [0, 1], outputs: [2] }]),
  ],
  "a result too large for any tensor": [
    "tflite.invalid-operator",
    () =>
      sketch(
        [x, indices(2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1), y],
        [{ builtin: "TILE", inputs: [0, 1], outputs: [2] }],
      ),
  ],
  "empty constants made vast": [
    "tflite.invalid-operator",
    () =>
      sketch(
        [
          { name: "e", type: "INT32", shape: [0, 2], data: new Int32Array() },
          indices(1, 2 ** 31 - 1),
          { ...y, type: "INT32" },
        ],
        [{ builtin: "TILE", inputs: [0, 1], outputs: [2] }],
      ),
  ],
};

describe("files that contradict themselves or the format", () => {
  it.each(Object.keys(cases))("%s", (name) => {
    const [code, model] = cases[name];
    const problems = problemsOf(model());
    expect(problems.map((problem) => problem.code)).toContain(code);
    expect(problems.every(({ message, hint }) => message.length > 10 && hint)).toBe(true);
  });

  it("imports a constant of many elements only as far as needed", () => {
    const model = sketch(
      [
        { name: "e", type: "INT32", shape: [0, 2], data: new Int32Array() },
        indices(1, 2 ** 30 - 1),
        { ...y, type: "INT32" },
      ],
      [{ builtin: "TILE", inputs: [0, 1], outputs: [2] }],
    );
    expect(importTflite(model).graph.size).toBe(1);
  });
});

const kernels = new URL("../../../../../shared/fixtures/kernels/", import.meta.url);

/** Numbers to put in the place of others. */
const replacements = [-(2 ** 31), -2, -1, 0, 1, 2, 3, 7, 8, 64, 2 ** 16, 2 ** 31 - 1];

describe.skipIf(!existsSync(kernels))("files with one number changed", () => {
  const files = existsSync(kernels)
    ? readdirSync(kernels, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tflite"))
    : [];

  it("import or say why not, whatever number it is", () => {
    let refused = 0;
    for (const file of files.filter((_, at) => at % 8 === 0)) {
      const model = readTflite(new Uint8Array(readFileSync(new URL(file, kernels))));
      for (const [index, changed] of variations(model).entries()) {
        if (index % 2 !== 0) continue;
        try {
          importTflite(changed);
        } catch (error) {
          if (!(error instanceof DiagnosticError)) throw new Error(`${file}, variation ${index}`, { cause: error });
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

/** The model with each number of tensors' shapes, operators and 32-bit constants replaced by each replacement, where it can be read. */
function variations(model: TfliteModel): readonly TfliteModel[] {
  const [subgraph] = model.subgraphs;
  const withSubgraph = (changes: Partial<typeof subgraph>) => ({ ...model, subgraphs: [{ ...subgraph, ...changes }] });
  const shapes = subgraph.tensors.flatMap((tensor, index) =>
    variedNumbers(tensor).map((changed) => withSubgraph({ tensors: subgraph.tensors.with(index, changed) })),
  );
  const inRange = (index: number) => index >= -1 && index < subgraph.tensors.length;
  const operators = subgraph.operators.flatMap((operator, index) =>
    variedNumbers(operator)
      .filter(
        ({ opcodeIndex, inputs, outputs }) =>
          opcodeIndex === operator.opcodeIndex && [...inputs, ...outputs].every(inRange),
      )
      .map((changed) => withSubgraph({ operators: subgraph.operators.with(index, changed) })),
  );
  const buffers = model.buffers.flatMap(({ data }, index) => {
    if (!data || data.length % 4 !== 0 || data.length > 64) return [];
    const numbers = Array.from(new Int32Array(data.slice().buffer));
    return variedNumbers({ numbers }).map((changed) => ({
      ...model,
      buffers: model.buffers.with(index, { data: new Uint8Array(Int32Array.from(changed.numbers).buffer) }),
    }));
  });
  return [...shapes, ...operators, ...buffers];
}

/** Copies of plain data with one number replaced. */
function variedNumbers<T>(data: T): readonly T[] {
  if (typeof data === "number") return replacements.filter((value) => value !== data) as T[];
  if (typeof data === "boolean") return [!data] as T[];
  if (typeof data !== "object" || data === null || data instanceof Uint8Array) return [];
  if (Array.isArray(data)) {
    return data.flatMap((item, index) => variedNumbers(item).map((changed) => data.with(index, changed))) as T[];
  }
  return Object.entries(data).flatMap(([key, value]) =>
    variedNumbers(value).map((changed) => ({ ...data, [key]: changed })),
  );
}
