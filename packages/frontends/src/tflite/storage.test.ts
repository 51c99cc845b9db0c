import { packInt4, type TfliteDraft } from "@millrace/formats/tflite";
import { numbersOf } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { importTflite } from "./import.ts";
import { type OperatorSketch, problemsOf, sketch, type TensorSketch } from "./models.testing.ts";

const x: TensorSketch = { name: "x", shape: [4, 4] };
const y: TensorSketch = { name: "y", shape: [4, 4] };
const add: OperatorSketch = { builtin: "ADD", inputs: [0, 1], outputs: [2], options: { kind: "AddOptions" } };

/** What a file with this constant adds to x. */
function constantOf(stored: TensorSketch, others: readonly TensorSketch[] = []) {
  const [node] = importTflite(sketch([x, { name: "c", shape: [4, 4], ...stored }, y, ...others], [add])).graph.nodes();
  const value = node.inputs[1]!;
  return { dtype: value.type.dtype, numbers: Array.from(numbersOf(value.constant!)) };
}

const bytes = (...values: readonly number[]) => ({ kind: "Uint8Vector", values: Uint8Array.from(values) }) as const;
const dense = (denseSize: number) => ({ format: "DENSE", denseSize }) as const;
const compressed = (segments: readonly number[], indices: readonly number[]) =>
  ({ format: "SPARSE_CSR", arraySegments: bytes(...segments), arrayIndices: bytes(...indices) }) as const;

/** Rows whose numbers are stored with their columns. */
const rows: TfliteDraft<"SparsityParameters"> = {
  traversalOrder: [0, 1],
  dimMetadata: [dense(4), compressed([0, 1, 1, 3, 4], [2, 0, 3, 1])],
};
const inRows = [0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 3, 0, 4, 0, 0];

/** Blocks of 2 by 2, stored with the columns of blocks they are in. */
const blocks: TfliteDraft<"SparsityParameters"> = {
  traversalOrder: [0, 1, 2, 3],
  blockMap: [0, 1],
  dimMetadata: [dense(2), compressed([0, 1, 3], [1, 0, 1]), dense(2), dense(2)],
};
const inBlocks = [0, 0, 1, 2, 0, 0, 3, 4, 5, 6, 9, 10, 7, 8, 11, 12];

describe("sparse tensors are dense once they are read", () => {
  const stored = (count: number) => Float32Array.from({ length: count }, (_, at) => at + 1);
  it.each([
    ["rows", rows, 4, inRows],
    ["blocks", blocks, 12, inBlocks],
    [
      "columns first",
      { traversalOrder: [1, 0], dimMetadata: [dense(4), compressed([0, 1, 1, 3, 4], [2, 0, 3, 1])] },
      4,
      inRows.map((_, at) => inRows[(at % 4) * 4 + Math.floor(at / 4)]),
    ],
  ] as const)("in %s", (_, sparsity, count, expected) => {
    expect(constantOf({ data: stored(count), sparsity }).numbers).toEqual(expected);
  });

  it("also by DENSIFY", () => {
    const tensors = [x, { name: "c", shape: [4, 4], data: stored(4), sparsity: rows }, { name: "d", shape: [4, 4] }, y];
    const densify = { builtin: "DENSIFY", inputs: [1], outputs: [2] } as const;
    const [node] = importTflite(sketch(tensors, [densify, { ...add, inputs: [0, 2], outputs: [3] }])).graph.nodes();
    expect(Array.from(numbersOf(node.inputs[1]!.constant!))).toEqual(inRows);
  });

  it.each<[string, TfliteDraft<"SparsityParameters">]>([
    ["an axis twice", { ...rows, traversalOrder: [0, 0] }],
    ["an axis that is not there", { ...rows, traversalOrder: [0, 7] }],
    ["too few axes", { ...rows, dimMetadata: [dense(4)] }],
    ["another size", { ...rows, dimMetadata: [dense(5), compressed([0, 1, 1, 3, 4], [2, 0, 3, 1])] }],
    [
      "a row that ends before it begins",
      { ...rows, dimMetadata: [dense(4), compressed([0, 3, 1, 3, 4], [2, 0, 3, 1])] },
    ],
    ["rows missing", { ...rows, dimMetadata: [dense(4), compressed([0, 1], [2, 0, 3, 1])] }],
    ["an index out of bounds", { ...rows, dimMetadata: [dense(4), compressed([0, 1, 1, 3, 4], [2, 0, 9, 1])] }],
    ["more numbers than are stored", { ...rows, dimMetadata: [dense(4), dense(4)] }],
    ["blocks of an axis that is not there", { ...blocks, blockMap: [0, 2] }],
    [
      "huge blocks",
      { ...blocks, dimMetadata: [dense(2), compressed([0, 1, 3], [1, 0, 1]), dense(2 ** 31 - 1), dense(2)] },
    ],
  ])("or refused for %s", (_, sparsity) => {
    const tensors = [x, { name: "c", shape: [4, 4], data: stored(4), sparsity }, y];
    expect(problemsOf(sketch(tensors, [add])).map(({ code }) => code)).toEqual(["tflite.sparsity"]);
  });

  it("or refused where they stand for far more than they store", () => {
    const huge = { name: "c", shape: [2 ** 16, 2 ** 15], data: stored(4), sparsity: rows };
    expect(problemsOf(sketch([x, huge, y], [add])).map(({ code }) => code)).toEqual(["tflite.sparsity"]);
  });
});

describe("packed and scaled constants", () => {
  it("of 2 bits are unpacked", () => {
    const data = new Uint8Array(4).fill(0b10_01_11_00);
    const { dtype, numbers } = constantOf({ type: "INT2", data, quantization: { scale: [0.5], zeroPoint: [0n] } });
    expect([dtype, numbers.slice(0, 4)]).toEqual(["i2", [0, -1, 1, -2]]);
  });

  const block = (blockSize: number, zeroPoints = -1) =>
    ({ details: { kind: "BlockwiseQuantization", scales: 3, zeroPoints, blockSize } }) as const;
  const data = Int8Array.from({ length: 16 }, (_, at) => at);
  const scales = { name: "scales", shape: [4, 2], data: Float32Array.of(1, 2, 1, 2, 1, 2, 10, 20) };

  it("in blocks become reals", () => {
    const { dtype, numbers } = constantOf({ type: "INT8", data, quantization: block(2) }, [scales]);
    expect(dtype).toBe("f32");
    expect(numbers).toEqual([0, 1, 4, 6, 4, 5, 12, 14, 8, 9, 20, 22, 120, 130, 280, 300]);
  });

  it("in blocks along another axis, with zero points", () => {
    const zeroPoints = { name: "zeros", type: "INT32", shape: [2, 4], data: new Int32Array(8).fill(1) } as const;
    const others = [{ ...scales, shape: [2, 4] }, zeroPoints];
    const { numbers } = constantOf({ type: "INT8", data, quantization: block(2, 4) }, others);
    expect(numbers).toEqual([-1, 0, 1, 4, 3, 8, 5, 12, 7, 16, 90, 200, 11, 24, 130, 280]);
  });

  it("in blocks are refused where scales don't fit", () => {
    const tensors = [x, { name: "c", shape: [4, 4], type: "INT8", data, quantization: block(3) } as const, y, scales];
    expect(problemsOf(sketch(tensors, [add])).map(({ code }) => code)).toContain("tflite.quantization");
  });
});

describe("weights of four bits in blocks", () => {
  const x: TensorSketch = { name: "x", shape: [2, 4] };
  const y: TensorSketch = { name: "y", shape: [2, 2] };
  const layer: OperatorSketch = {
    builtin: "FULLY_CONNECTED",
    inputs: [0, 1],
    outputs: [2],
    options: { kind: "FullyConnectedOptions" },
  };
  const scales: TensorSketch = { name: "scales", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
  const zeroPoints = (zero: number): TensorSketch => ({
    name: "zeros",
    type: "INT32",
    shape: [2, 2],
    data: new Int32Array(4).fill(zero),
  });

  function layerOf(others: readonly TensorSketch[]) {
    const details = { scales: 3, zeroPoints: others.length > 1 ? 4 : -1, blockSize: 2 };
    const weights: TensorSketch = {
      name: "w",
      type: "INT4",
      shape: [2, 4],
      data: packInt4(Int8Array.of(1, -2, 3, -4, 5, -6, 7, -7)),
      quantization: { details: { kind: "BlockwiseQuantization", ...details } },
    };
    const [node] = importTflite(sketch([x, weights, y, ...others], [layer])).graph.nodes();
    const { type, constant } = node.inputs[1]!;
    return { op: node.op.name, type, numbers: Array.from(numbersOf(constant!)) };
  }

  it("stay so beside real data of a fully connected layer", () => {
    const expected = {
      op: "asymmetricLinear",
      type: {
        dtype: "i4",
        shape: [2, 4],
        quantization: { scale: [1, 2, 3, 4], zeroPoint: [0, 0, 0, 0], axis: 1, block: 2 },
      },
      numbers: [1, -2, 3, -4, 5, -6, 7, -7],
    };
    expect(layerOf([scales])).toEqual(expected);
    expect(layerOf([scales, zeroPoints(0)])).toEqual(expected);
  });

  it("become reals where no runtime's kernel would see what they stand for", () => {
    const { op, type, numbers } = layerOf([scales, zeroPoints(1)]);
    expect([op, type.dtype]).toEqual(["linear", "f32"]);
    expect(numbers).toEqual([0, -3, 4, -10, 12, -21, 24, -32]);
    const endless = { ...scales, data: Float32Array.of(1, 2, Number.POSITIVE_INFINITY, 4) };
    expect(layerOf([endless]).op).toBe("linear");
  });
});
