import {
  type Attributes,
  Graph,
  isFloat,
  isStatic,
  numbersOf,
  type Operator,
  type OperatorSample,
  permute,
  reshapeTensor,
  type Tensor,
  type Transposed,
  tensorOf,
  type Value,
  type ValueType,
} from "@millrace/ir";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dynamicOperators } from "./dynamic.ts";
import { npuProgram } from "./npu-program.ts";
import { operators } from "./registry.ts";
import { signalOperators } from "./signal/index.ts";
import { transposeTensor } from "./transpose.ts";
import { widenedShape } from "./widening.ts";

/** Those whose meaning is told here; what a command stream computes only its own package knows. */
const all = [...operators.values()].filter((op) => op !== npuProgram);
const samples = all.flatMap((op) => op.samples.map((sample) => ({ op, sample, label: `${op.name}: ${sample.name}` })));

/** Operators that have no form on permuted data at all. */
const orderBound = [
  ...Object.keys(dynamicOperators),
  "transpose",
  "where",
  "unique",
  "shapeOf",
  "svdf",
  "if",
  "while",
  "scan",
  "gatherBatched",
  "scatterNd",
  "dynamicUpdateSlice",
  "detectionPostprocess",
  "nonMaxSuppression",
  "conv3d",
  "transposeConv3d",
  ...Object.keys(signalOperators),
];

/** The first input flows, all others are constants, as in most models. */
function valuesOf(sample: OperatorSample, tensors = sample.inputs): (Value | undefined)[] {
  const graph = new Graph("sample");
  return tensors.map((tensor, index) => {
    if (tensor === undefined) return undefined;
    const quantization = sample.quantizations?.[index];
    if (index > 0) return graph.addConstant(`constant${index}`, tensor, quantization);
    return graph.addInput("x", { dtype: tensor.dtype, shape: tensor.shape, ...(quantization && { quantization }) });
  });
}

function compute(
  op: Operator,
  attributes: Attributes,
  tensors: readonly (Tensor | undefined)[],
  values: readonly (Value | undefined)[],
): { tensors: readonly Tensor[]; types: readonly ValueType[] } {
  expect(op.check(values, attributes)).toEqual([]);
  const types = op.infer(values, attributes);
  const inputTypes = values.map((value) => value?.type);
  return { tensors: op.evaluate!(tensors, attributes, types, inputTypes), types };
}

function expectClose(actual: Tensor, wanted: Tensor): void {
  expect({ dtype: actual.dtype, shape: actual.shape }).toEqual({ dtype: wanted.dtype, shape: wanted.shape });
  if (!isFloat(wanted.dtype)) {
    expect(actual.data).toEqual(wanted.data);
    return;
  }
  const [got, expected] = [numbersOf(actual), numbersOf(wanted)];
  for (let at = 0; at < expected.length; at++) {
    const slack = 1e-5 * Math.max(1, Math.abs(expected[at]));
    if (!Object.is(got[at] + 0, expected[at] + 0)) expect(Math.abs(got[at] - expected[at])).toBeLessThanOrEqual(slack);
  }
}

function permuteTensor(tensor: Tensor, permutation: readonly number[] | undefined): Tensor {
  if (permutation === undefined) return tensor;
  const lead = new Array<number>(permutation.length - tensor.shape.length).fill(1);
  return transposeTensor(reshapeTensor(tensor, [...lead, ...tensor.shape]), permutation);
}

function permutationsOf(rank: number): number[][] {
  if (rank === 0) return [[]];
  return permutationsOf(rank - 1).flatMap((shorter) =>
    Array.from({ length: rank }, (_, at) => shorter.toSpliced(at, 0, rank - 1)),
  );
}

/** Computes on permuted data and compares with the permuted result; tells whether the operator has a form for it. */
function holdsPermuted(
  op: Operator,
  sample: OperatorSample,
  permutation: readonly number[],
  inputs = sample.inputs,
): Transposed | undefined {
  const values = valuesOf(sample, inputs);
  const transposed = op.transposed(values, sample.attributes, permutation);
  if (transposed === undefined) return undefined;
  expect(transposed.outputs).toHaveLength(sample.outputs.length);
  const straight = compute(op, sample.attributes, inputs, values);
  const tensors = inputs.map((tensor, index) => tensor && permuteTensor(tensor, transposed.inputs[index]));
  const quantizations = sample.quantizations?.map((quantization, index) => {
    if (quantization?.axis === undefined) return quantization;
    return { ...quantization, axis: transposed.inputs[index]?.indexOf(quantization.axis) ?? quantization.axis };
  });
  const moved = compute(
    op,
    transposed.attributes,
    tensors,
    valuesOf({ ...sample, ...(quantizations && { quantizations }) }, tensors),
  );
  straight.tensors.forEach((tensor, index) => {
    const permutation = transposed.outputs[index];
    if (permutation) expect(moved.types[index].shape).toEqual(permute(tensor.shape, permutation));
    expectClose(moved.tensors[index], permuteTensor(tensor, permutation));
  });
  return transposed;
}

describe("operators", () => {
  test.each(all.map((op) => [op.name, op] as const))("%s has samples and is registered under its name", (name, op) => {
    expect(operators.get(name)).toBe(op);
    expect(op.samples.length).toBeGreaterThan(0);
    expect(op.evaluate).toBeDefined();
    for (const sample of op.samples) expect(Object.keys(sample.attributes)).toEqual(Object.keys(op.attributes));
  });

  test.each(samples.map((item) => [item.label, item] as const))("%s", (_, { op, sample }) => {
    const inputs = sample.inputs.map((tensor) => tensor && tensorOf(tensor.dtype, tensor.shape, tensor.data.slice()));
    const { tensors, types } = compute(op, sample.attributes, sample.inputs, valuesOf(sample));
    expect(tensors).toHaveLength(sample.outputs.length);
    sample.outputs.forEach((wanted, index) => {
      const { dtype, shape } = types[index];
      expect(dtype).toBe(wanted.dtype);
      expect(isStatic(shape) || op.largest !== undefined).toBe(true);
      expect(shape.map((size, axis) => (typeof size === "string" ? wanted.shape[axis] : size))).toEqual(wanted.shape);
      expectClose(tensors[index], wanted);
    });
    expect(sample.inputs).toEqual(inputs);
  });

  test.each(all.map((op) => [op.name, op] as const))("%s agrees with itself on permuted data", (name, op) => {
    const forms = op.samples.flatMap((sample) =>
      permutationsOf(sample.inputs[0]!.shape.length)
        .filter((permutation) => permutation.some((from, to) => from !== to))
        .map((permutation) => holdsPermuted(op, sample, permutation)),
    );
    expect(forms.some((form) => form !== undefined)).toBe(!orderBound.includes(name));
  });

  const widening = all.flatMap((op) => (op.widened ? [[op.name, op, op.widened] as const] : []));
  test.each(widening)("%s agrees with itself on data with one axis more", (_, op, widened) => {
    let forms = 0;
    for (const sample of op.samples) {
      const rank = sample.outputs[0].shape.length;
      const wide = (tensor: Tensor, axis: number) => {
        return reshapeTensor(tensor, widenedShape(tensor.shape, rank, axis) as readonly number[]);
      };
      for (let axis = 0; axis <= rank; axis++) {
        const attributes = widened(sample.attributes, axis);
        if (attributes === undefined) continue;
        const inputs = sample.inputs.map((tensor) => tensor && wide(tensor, axis));
        const { tensors } = compute(op, attributes, inputs, valuesOf(sample, inputs));
        tensors.forEach((tensor, index) => {
          expectClose(tensor, wide(sample.outputs[index], axis));
        });
        forms++;
      }
    }
    expect(forms).toBeGreaterThan(0);
  });

  test("agree with themselves on random data, permuted at random", () => {
    const number = fc.float({ min: -8, max: 8, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom(...samples), fc.infiniteStream(number), fc.nat(), ({ op, sample }, stream, pick) => {
        const inputs = sample.inputs.map((tensor) => {
          if (tensor?.dtype !== "f32") return tensor;
          return tensorOf(
            "f32",
            tensor.shape,
            Float32Array.from(numbersOf(tensor), () => Math.abs(stream.next().value!)),
          );
        });
        const permutations = permutationsOf(sample.inputs[0]!.shape.length);
        holdsPermuted(op, sample, permutations[pick % permutations.length], inputs);
      }),
      { numRuns: 1000 },
    );
  });
});
