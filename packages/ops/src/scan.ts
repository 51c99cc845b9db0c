import { allocate, elementCount, Graph, type Shape, type Tensor, type TensorData, type ValueType } from "@millrace/ir";
import { body, flag, integer } from "./attributes.ts";
import { arithmeticOperators } from "./binary.ts";
import { mayBeSame } from "./body-types.ts";
import { defineOp, many } from "./define.ts";
import { evaluateBody } from "./evaluate-graph.ts";
import { f32 } from "./literal.ts";
import { float } from "./rules.ts";

/** What a scan is told beside its values. */
export interface ScanAttributes {
  readonly body: Graph;
  readonly states: number;
  readonly sequences: number;
  readonly axis: number;
  readonly reverse: boolean;
}

/**
 * Goes through sequences step by step with states. The values are the states at first, the sequences, and what stays the same in
 * all steps, in this order and as many as `states` and `sequences` say. `body` takes the states, the slices of the sequences
 * at one place of `axis`, without that axis, and the rest; it gives the next states and then items. Results: the last states, and for
 * each item those of all steps along `axis`. With `reverse` the steps go from the last place to the first.
 */
export const scan = defineOp({
  name: "scan",
  inputs: { values: many() },
  attributes: { body, states: integer, sequences: integer, axis: integer, reverse: flag },
  quantization: float("its states go around, which calibration does not see"),
  check: [
    [
      "there are the states and at least one sequence among the values",
      ({ values }, { states, sequences }) => states >= 0 && sequences >= 1 && states + sequences <= values.length,
    ],
    [
      "the sequences have the axis, with as many places each",
      ({ values }, { states, sequences, axis }) => {
        const sizes = values.slice(states, states + sequences).map(({ type }) => type.shape[axis]);
        const known = new Set(sizes.filter((size) => typeof size === "number"));
        return axis >= 0 && sizes.every((size) => size !== undefined) && known.size <= 1;
      },
    ],
    [
      "the body has an input for each value, of its type or its slices'",
      ({ values }, attributes) =>
        mayBeSame(
          attributes.body.inputs,
          values.map((value, index) => ({ ...value, type: typeInStep(value.type, index, attributes) })),
        ),
    ],
    [
      "the body gives states of the types it takes",
      (_, { body, states }) => mayBeSame(body.inputs.slice(0, states), body.outputs.slice(0, states)),
    ],
    [
      "the body's items have room for the axis",
      (_, { body, states, axis }) => body.outputs.slice(states).every(({ type }) => axis <= type.shape.length),
    ],
  ],
  bodies: ({ values }, attributes) => [
    { graph: attributes.body, inputs: values.map(({ type }, index) => typeInStep(type, index, attributes)) },
  ],
  infer: ({ values }, { body, states, axis }) =>
    body.outputs.map(({ type }, index) =>
      index < states
        ? values[index].type
        : { ...type, shape: type.shape.toSpliced(axis, 0, values[states].type.shape[axis]) },
    ),
  evaluate({ values }, attributes) {
    const steps = scanSteps(values, attributes);
    let step = steps.next([]);
    while (!step.done) step = steps.next(evaluateBody(attributes.body, step.value));
    return step.value;
  },
  samples: [
    { name: "a running sum and its factors", axis: 0, reverse: false, sums: [[1], [3], [7]], last: 7 },
    { name: "from the end", axis: 0, reverse: true, sums: [[7], [6], [4]], last: 7 },
    { name: "along the last axis", axis: 1, reverse: false, sums: [[1, 3, 7]], last: 7 },
  ].map(({ name, axis, reverse, sums, last }) => ({
    name,
    attributes: { body: runningSum(), states: 1, sequences: 1, axis, reverse },
    inputs: [f32([0]), f32(axis === 0 ? [[0.5], [1], [2]] : [[0.5, 1, 2]]), f32([2])],
    outputs: [f32([last]), f32(sums)],
  })),
});

/** The type of what the body takes of a value. */
function typeInStep(type: ValueType, index: number, { states, sequences, axis }: ScanAttributes): ValueType {
  const isSequence = index >= states && index < states + sequences;
  return isSequence ? { ...type, shape: type.shape.toSpliced(axis, 1) } : type;
}

/**
 * The steps of a scan of `values`: yields what the body takes in each, is given what the body made of it, and returns the
 * results. The first call of `next` takes nothing.
 */
export function* scanSteps(
  values: readonly Tensor[],
  { body, states, sequences, axis, reverse }: ScanAttributes,
): Generator<readonly Tensor[], readonly Tensor[], readonly Tensor[]> {
  const scanned = values.slice(states, states + sequences);
  const rest = values.slice(states + sequences);
  const count = scanned[0].shape[axis];
  let current = values.slice(0, states);
  const stacks = body.outputs.slice(states).map(({ type }) => stackOf(type, count, axis));
  for (let step = 0; step < count; step++) {
    const place = reverse ? count - 1 - step : step;
    const results = yield [...current, ...scanned.map((sequence) => sliceOf(sequence, axis, place)), ...rest];
    current = results.slice(0, states);
    for (const [index, stack] of stacks.entries()) stack.put(results[states + index], place);
  }
  return [...current, ...stacks.map((stack) => stack.whole())];
}

/** The elements of a tensor at one place of an axis, without that axis. */
function sliceOf({ dtype, shape, data }: Tensor, axis: number, place: number): Tensor {
  const inner = elementCount(shape.slice(axis + 1));
  const outer = elementCount(shape.slice(0, axis));
  const rest = shape.toSpliced(axis, 1);
  const part = (at: number) => {
    const start = (at * shape[axis] + place) * inner;
    return data.subarray(start, start + inner) as TensorData & Float32Array;
  };
  if (outer === 1) return { dtype, shape: rest, data: part(0) };
  const result = allocate(dtype, outer * inner) as TensorData & Float32Array;
  for (let at = 0; at < outer; at++) result.set(part(at), at * inner);
  return { dtype, shape: rest, data: result };
}

interface Stack {
  put(item: Tensor, place: number): void;
  whole(): Tensor;
}

/** Room for `count` items along a new axis, whose sizes the first one tells; those of no item come from their type. */
function stackOf({ dtype, shape }: ValueType, count: number, axis: number): Stack {
  let sizes = knownSizes(shape);
  let data: (TensorData & Float32Array) | undefined;
  return {
    put(item, place) {
      sizes = item.shape;
      const inner = elementCount(sizes.slice(axis));
      const source = item.data as TensorData & Float32Array;
      const all = data ?? (allocate(dtype, count * source.length) as TensorData & Float32Array);
      for (let at = 0; at * inner < source.length; at++)
        all.set(source.subarray(at * inner, (at + 1) * inner), (at * count + place) * inner);
      data = all;
    },
    whole: () => ({ dtype, shape: sizes.toSpliced(axis, 0, count), data: data ?? allocate(dtype, 0) }),
  };
}

function knownSizes(shape: Shape): readonly number[] {
  return shape.map((size) => (typeof size === "number" ? size : 0));
}

/** s' = s + factor · x, which is the item too. */
function runningSum(): Graph {
  const graph = new Graph("step");
  const [sum, x, factor] = ["sum", "x", "factor"].map((name) => graph.addInput(name, { dtype: "f32", shape: [1] }));
  const { add, mul } = arithmeticOperators;
  const attributes = { activation: "none" };
  const product = graph.addNode({ op: mul, inputs: [factor, x], attributes, name: "product" });
  const next = graph.addNode({ op: add, inputs: [sum, product.outputs[0]], attributes, name: "next" });
  graph.setOutputs([next.outputs[0], next.outputs[0]]);
  return graph;
}
