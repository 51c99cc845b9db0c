import { encodeAttribute, encodeTensor, type OnnxModel, type OnnxTensor, writeOnnx } from "@millrace/formats/onnx";
import { type DType, fromNumbers, integerRange, numbersOf, type Tensor } from "@millrace/ir";
import { type Engine, referenceEngine } from "@millrace/runtime";
import { load, prepare, run } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { fileEngine } from "../onnx-file.ts";

/** A repeatable number in [0, 1). */
function numberStream(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const codes = { f32: 1, u8: 2, i8: 3 } as const;
type Bytes = "u8" | "i8";

interface Given {
  readonly inputs: readonly (readonly [dtype: keyof typeof codes, shape: readonly number[]])[];
  /** The node's inputs: the number of one of `inputs`, a constant, or a scale and a zero point of bytes. */
  readonly reads: readonly (number | OnnxTensor | "")[];
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
  readonly standard?: boolean;
}

const next = numberStream(11);
const scale = (...values: number[]) =>
  encodeTensor(`s${next()}`, {
    dataType: "FLOAT",
    dims: values.length > 1 ? [values.length] : [],
    data: Float32Array.from(values),
  });

function bytes(dtype: Bytes, dims: readonly number[], value?: number): OnnxTensor {
  const [low, high] = integerRange(dtype);
  const count = dims.reduce((product, size) => product * size, 1);
  const numbers = Array.from({ length: count }, () => value ?? Math.floor(low + next() * (high - low + 1)));
  return dtype === "i8"
    ? encodeTensor(`b${next()}`, { dataType: "INT8", dims, data: Int8Array.from(numbers) })
    : encodeTensor(`b${next()}`, { dataType: "UINT8", dims, data: Uint8Array.from(numbers) });
}

const zero = (dtype: Bytes, value: number) => bytes(dtype, [], value);
const sums = (count: number) =>
  encodeTensor(`c${next()}`, {
    dataType: "INT32",
    dims: [count],
    data: Int32Array.from({ length: count }, () => next() * 2000 - 1000),
  });

function modelOf(
  opType: string,
  { inputs, reads, attributes = {}, standard = false }: Given,
  result: number,
): OnnxModel {
  const constants = reads.filter((read): read is OnnxTensor => typeof read === "object");
  const names = reads.map((read) => (typeof read === "object" ? read.name! : read === "" ? "" : `x${read}`));
  const value = (name: string, elementType: number, shape?: readonly number[]) => ({
    name,
    type: { tensor: { elementType, ...(shape && { shape: { dims: shape.map((size) => ({ value: size })) } }) } },
  });
  const node = {
    name: "node",
    opType,
    domain: standard ? "" : "com.microsoft",
    inputs: names,
    outputs: ["y"],
    attributes: Object.entries(attributes).map(([name, content]) =>
      typeof content !== "number"
        ? encodeAttribute(name, { kind: "INTS", value: content })
        : Number.isInteger(content)
          ? encodeAttribute(name, { kind: "INT", value: content })
          : encodeAttribute(name, { kind: "FLOAT", value: content }),
    ),
  };
  return {
    irVersion: 8,
    opsetImports: [
      { domain: "", version: 17 },
      { domain: "com.microsoft", version: 1 },
    ],
    functions: [],
    graph: {
      name: opType,
      nodes: [node],
      initializers: constants,
      sparseInitializers: [],
      valueInfos: [],
      inputs: inputs.map(([dtype, shape], index) => value(`x${index}`, codes[dtype], shape)),
      outputs: [value("y", result)],
    },
  };
}

function feed(dtype: DType, shape: readonly number[]): Tensor {
  const [low, high] = dtype === "f32" ? [-2, 2] : integerRange(dtype);
  const draw = () => low + next() * (high - low);
  const count = shape.reduce((product, size) => product * size, 1);
  return fromNumbers(
    dtype,
    shape,
    Array.from({ length: count }, () => (dtype === "f32" ? draw() : Math.round(draw()))),
  );
}

/** Greatest difference of the results, and how many of them differ. */
async function difference(bytes: Uint8Array, engine: Engine, prepared: boolean) {
  const source = load({ name: "model.onnx", bytes }).graph;
  const feeds = new Map(
    source.inputs.map(({ name, type }) => [name, feed(type.dtype, type.shape as readonly number[])]),
  );
  const [theirs] = (await run(source, fileEngine(bytes), feeds)).values();
  const model = load({ name: "model.onnx", bytes });
  const graph = prepared ? prepare(model, { ioLayout: "source" }).graph : model.graph;
  const [ours] = (await run(graph, engine, feeds)).values();
  expect(ours.shape).toEqual(theirs.shape);
  const [a, b] = [numbersOf(ours), numbersOf(theirs)];
  const off = Array.from(a, (number, at) => Math.abs(number - b[at]));
  return { worst: Math.max(...off), differing: off.filter((step) => step > 0).length, elements: off.length };
}

const data = (dtype: Bytes, at: number, s: number, z: number) => [at, scale(s), zero(dtype, z)] as const;
const stored = (dtype: Bytes, s: number, z: number) => [scale(s), zero(dtype, z)] as const;

function integerCases(dtype: Bytes): readonly (readonly [string, Given])[] {
  const z = dtype === "u8" ? 128 : 0;
  const [x, image] = [
    [dtype, [4, 16]],
    [dtype, [1, 3, 6, 6]],
  ] as const;
  const pair = [...data(dtype, 0, 0.02, z + 3), ...data(dtype, 1, 0.05, z - 9), ...stored(dtype, 0.04, z - 5)];
  const pool = { kernel_shape: [2, 2], strides: [2, 2] };
  return [
    ["QLinearAdd", { inputs: [x, x], reads: pair }],
    ["QLinearMul", { inputs: [x, x], reads: pair }],
    ["QLinearSigmoid", { inputs: [x], reads: [...data(dtype, 0, 0.05, z), ...stored(dtype, 1 / 256, z - 128)] }],
    [
      "QLinearLeakyRelu",
      { inputs: [x], reads: [...data(dtype, 0, 0.05, z), ...stored(dtype, 0.03, z - 40)], attributes: { alpha: 0.25 } },
    ],
    [
      "QLinearAveragePool",
      { inputs: [image], reads: [...data(dtype, 0, 0.05, z), ...stored(dtype, 0.04, z)], attributes: pool },
    ],
    ["QLinearGlobalAveragePool", { inputs: [image], reads: [...data(dtype, 0, 0.05, z), ...stored(dtype, 0.02, z)] }],
    [
      "QLinearSoftmax",
      {
        inputs: [x],
        reads: [...data(dtype, 0, 0.05, z), ...stored(dtype, 1 / 256, z - 128)],
        attributes: { opset: 13, axis: -1 },
      },
    ],
    [
      "QLinearConcat",
      {
        inputs: [x, x],
        reads: [...stored(dtype, 0.05, z), ...data(dtype, 0, 0.02, z), ...data(dtype, 1, 0.06, z - 7)],
        attributes: { axis: 1 },
      },
    ],
    [
      "QGemm",
      {
        inputs: [x],
        reads: [
          ...data(dtype, 0, 0.02, z + 3),
          bytes("i8", [8, 16]),
          scale(...Array.from({ length: 8 }, () => 0.01 + next() / 50)),
          bytes("i8", [8], 0),
          sums(8),
          ...stored(dtype, 0.2, z),
        ],
        attributes: { transB: 1 },
      },
    ],
    [
      "QLinearConv",
      {
        inputs: [image],
        reads: [
          ...data(dtype, 0, 0.02, z + 3),
          bytes("i8", [4, 3, 3, 3]),
          scale(0.01, 0.02, 0.03, 0.04),
          bytes("i8", [4], 0),
          ...stored(dtype, 0.3, z),
          sums(4),
        ],
        attributes: { pads: [1, 1, 1, 1] },
        standard: true,
      },
    ],
    [
      "QLinearMatMul",
      {
        inputs: [x],
        reads: [
          ...data(dtype, 0, 0.02, z + 3),
          bytes(dtype, [16, 5]),
          ...stored(dtype, 0.02, z),
          ...stored(dtype, 0.2, z),
        ],
        standard: true,
      },
    ],
  ];
}

const cases = (["u8", "i8"] as const).flatMap((dtype) =>
  integerCases(dtype).map(([name, given]) => ({ dtype, name, given })),
);

describe("quantized operators of onnxruntime", () => {
  it.each(cases)("$name of $dtype", async ({ dtype, name, given }) => {
    const bytes = writeOnnx(modelOf(name, given, codes[dtype]));
    const imported = await difference(bytes, referenceEngine(), false);
    const folded = await difference(bytes, referenceEngine(), true);
    console.log(
      `${name} of ${dtype}: ${imported.differing} of ${imported.elements} differ imported, ${folded.differing} as integer nodes, by ${folded.worst}`,
    );
    expect(imported.worst).toBeLessThanOrEqual(exact.has(name) ? 0 : 1);
    expect(folded.worst).toBeLessThanOrEqual(1);
  });
});

/** Operators that onnxruntime itself computes as its documentation says; others it approximates by tables or other sums. */
const exact = new Set(["QLinearMatMul", "QLinearConv", "QGemm"]);

const packed = encodeTensor("packed", {
  dataType: "UINT8",
  dims: [6, 2, 8],
  data: Uint8Array.from({ length: 96 }, () => next() * 256),
});
const scales = encodeTensor("scales", {
  dataType: "FLOAT",
  dims: [12],
  data: Float32Array.from({ length: 12 }, () => 0.01 + next() / 10),
});
const zeros = encodeTensor("zeros", {
  dataType: "UINT8",
  dims: [6],
  data: Uint8Array.from({ length: 6 }, () => next() * 256),
});

describe("operators of onnxruntime on reals", () => {
  it.each<[string, Given]>([
    [
      "MatMulNBits",
      {
        inputs: [["f32", [3, 32]]],
        reads: [0, packed, scales, zeros],
        attributes: { K: 32, N: 6, bits: 4, block_size: 16 },
      },
    ],
    [
      "MatMulNBits",
      { inputs: [["f32", [3, 32]]], reads: [0, packed, scales], attributes: { K: 32, N: 6, bits: 4, block_size: 16 } },
    ],
    [
      "DynamicQuantizeMatMul",
      { inputs: [["f32", [3, 16]]], reads: [0, bytes("i8", [16, 4]), scale(0.03), zero("i8", 0)] },
    ],
    [
      "MatMulIntegerToFloat",
      {
        inputs: [["u8", [3, 16]]],
        reads: [0, bytes("i8", [16, 4]), scale(0.02), scale(0.03), zero("u8", 120), zero("i8", 0)],
      },
    ],
    [
      "FusedMatMul",
      {
        inputs: [
          ["f32", [2, 16, 3]],
          ["f32", [2, 16, 4]],
        ],
        reads: [0, 1],
        attributes: { transA: 1, alpha: 0.5 },
      },
    ],
  ])("%s", async (name, given) => {
    const { worst } = await difference(writeOnnx(modelOf(name, given, codes.f32)), referenceEngine(), true);
    expect(worst).toBeLessThan(1e-3);
  });
});
