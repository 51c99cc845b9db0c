import { encodeAttribute, encodeTensor, type OnnxModel, type OnnxTensor, writeOnnx } from "@millrace/formats/onnx";
import { type DType, fromNumbers, numbersOf, type Tensor } from "@millrace/ir";
import { referenceEngine } from "@millrace/runtime";
import { convert, load, run } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { openOnnxFile } from "../onnx-file.ts";
import {
  type Code,
  codes,
  data,
  heads,
  type MicrosoftCase,
  make,
  microsoftCases,
  type Operand,
} from "./microsoft-cases.testing.ts";

function modelOf({ type, operands, attributes = {}, results = ["f32"] }: MicrosoftCase): OnnxModel {
  const value = (name: string, dtype: Code, shape?: readonly number[]) => ({
    name,
    type: {
      tensor: { elementType: codes[dtype], ...(shape && { shape: { dims: shape.map((size) => ({ value: size })) } }) },
    },
  });
  const node = {
    name: "layer",
    opType: type,
    domain: "com.microsoft",
    inputs: operands.map((operand, index) => (operand ? `x${index}` : "")),
    outputs: results.map((_, index) => `y${index}`),
    attributes: Object.entries(attributes).map(([name, given]) =>
      typeof given !== "number"
        ? encodeAttribute(name, { kind: "INTS", value: [...given] })
        : ["epsilon", "alpha", "scale"].includes(name)
          ? encodeAttribute(name, { kind: "FLOAT", value: given })
          : encodeAttribute(name, { kind: "INT", value: given }),
    ),
  };
  const named = operands.flatMap((operand, index) => (operand ? [{ ...operand, name: `x${index}` }] : []));
  return {
    irVersion: 8,
    opsetImports: [
      { domain: "", version: 17 },
      { domain: "com.microsoft", version: 1 },
    ],
    functions: [],
    graph: {
      name: "microsoft",
      nodes: [node],
      inputs: named.filter(({ isConstant }) => !isConstant).map(({ name, dtype, shape }) => value(name, dtype, shape)),
      outputs: results.map((dtype, index) => value(`y${index}`, dtype)),
      initializers: named.filter(({ isConstant }) => isConstant).map(encoded),
      sparseInitializers: [],
      valueInfos: [],
    },
  };
}

function encoded({ name, dtype, shape, numbers }: Operand & { readonly name: string }): OnnxTensor {
  if (dtype === "f32") return encodeTensor(name, { dataType: "FLOAT", dims: shape, data: Float32Array.from(numbers) });
  if (dtype === "i8") return encodeTensor(name, { dataType: "INT8", dims: shape, data: Int8Array.from(numbers) });
  return encodeTensor(name, { dataType: "UINT8", dims: shape, data: Uint8Array.from(numbers) });
}

function expectNear(results: readonly Tensor[], expected: readonly Tensor[]): void {
  expect(results.length).toBe(expected.length);
  for (const [index, tensor] of expected.entries()) {
    expect(results[index].shape).toEqual(tensor.shape);
    const near = Array.from(numbersOf(tensor), (number) => expect.closeTo(number, 4));
    expect(Array.from(numbersOf(results[index]))).toEqual(near);
  }
}

describe("onnxruntime's own operators give what onnxruntime gives, and through TFLite", () => {
  it.each(microsoftCases)("$type: $name", async (given) => {
    const bytes = writeOnnx(modelOf(given));
    const inputs = given.operands
      .filter((operand) => operand !== undefined && !operand.isConstant)
      .map((operand) => fromNumbers(operand!.dtype as DType, operand!.shape, operand!.numbers));
    const file = await openOnnxFile(bytes, "disabled");
    const expected = await file.run(inputs);
    await file.release();
    const feeds = new Map(inputs.map((tensor, index) => [String(index), tensor]));
    const source = { name: "model.onnx", bytes };
    const results = await run(load(source).graph, referenceEngine(), feeds);
    expectNear([...results.values()], expected);
    const written = convert(source, { to: "tflite", ioLayout: "source" });
    const again = await run(load({ name: "model.tflite", bytes: written.bytes }).graph, referenceEngine(), feeds);
    expectNear([...again.values()], expected);
  });
});

it("takes queries, keys and values packed into one input, which onnxruntime runs on GPUs only", async () => {
  const packed = data(2, 3, 2, 3, 4);
  const part = (at: number) => packed.numbers.filter((_, index) => Math.floor(index / 4) % 3 === at);
  const apart = [0, 1, 2].map((at) => make("f32", [2, 3, 8], part(at), false));
  const pairs = apart[1].numbers.flatMap((_, index) =>
    index % 4 === 0 ? [1, 2].flatMap((at) => apart[at].numbers.slice(index, index + 4)) : [],
  );
  const computed = async (...operands: readonly Operand[]) => {
    const bytes = writeOnnx(modelOf({ name: "", type: "MultiHeadAttention", operands, attributes: heads }));
    const tensors = operands.map(({ dtype, shape, numbers }) => fromNumbers(dtype, shape, numbers));
    const feeds = new Map(tensors.map((tensor, index) => [String(index), tensor]));
    return [...(await run(load({ name: "model.onnx", bytes }).graph, referenceEngine(), feeds)).values()];
  };
  const expected = await computed(...apart);
  expectNear(await computed(packed), expected);
  expectNear(await computed(apart[0], make("f32", [2, 3, 2, 2, 4], pairs, false)), expected);
});
