import { elementCount, fromNumbers, mayEqual, numbersOf, type Shape, type Tensor } from "@millrace/ir";
import { flag, integer, positiveInteger } from "../attributes.ts";
import { defineOp, one } from "../define.ts";
import { literal } from "../literal.ts";
import { signalRule } from "./signal-rule.ts";

const withoutLast = (shape: Shape) => shape.slice(0, -1);

/** How many samples of a row a framer keeps: the size of a frame in whole steps. */
function capacityOf({ frameSize, frameStep }: { readonly frameSize: number; readonly frameStep: number }): number {
  return Math.ceil(frameSize / frameStep) * frameStep;
}

function vectorOf(dtype: Tensor["dtype"], values: readonly number[]): Tensor {
  return fromNumbers(dtype, [values.length], values);
}

/**
 * Cuts each row of samples into overlapping frames of frameSize, frameStep apart, of which the first begin in samples of earlier runs.
 * `kept` [rows, frameSize in whole steps] holds those that are not used up yet and `count` [1] how many they are, where with prefill
 * there are frameSize - frameStep zeros more at first. Results: frames [..., steps, frameSize], zeros where there are too few samples;
 * whether all frames are whole; the next samples and count.
 */
export const signalFramer = defineOp({
  name: "signalFramer",
  inputs: { x: one("i16"), kept: one("i16"), count: one("i32") },
  attributes: { frameSize: positiveInteger, frameStep: positiveInteger, prefill: flag },
  quantization: signalRule,
  check: [
    ["a frame is at least a step long", (_, { frameSize, frameStep }) => frameSize >= frameStep],
    [
      "rows are whole steps",
      ({ x }, { frameStep }) => x.type.shape.length > 0 && Number(x.type.shape.at(-1)) % frameStep === 0,
    ],
    [
      "kept has room for a frame of each row",
      ({ x, kept: { type } }, attributes) =>
        type.shape.length === 2 &&
        mayEqual(type.shape[0], elementCount(withoutLast(x.type.shape))) &&
        mayEqual(type.shape[1], capacityOf(attributes)),
    ],
    ["count is one number", ({ count: { type } }) => type.shape.length === 1 && mayEqual(type.shape[0], 1)],
  ],
  infer: ({ x, kept, count }, { frameSize, frameStep }) => [
    { dtype: "i16", shape: [...withoutLast(x.type.shape), Number(x.type.shape.at(-1)) / frameStep, frameSize] },
    { dtype: "bool", shape: [] },
    kept.type,
    count.type,
  ],
  evaluate({ x, kept, count }, attributes, [frames]) {
    const { frameSize, frameStep, prefill } = attributes;
    const capacity = capacityOf(attributes);
    const [source, before] = [Array.from(numbersOf(x)), Array.from(numbersOf(kept))];
    const length = x.shape[x.shape.length - 1];
    const extra = prefill ? frameSize - frameStep : 0;
    const stored = Math.max(0, Math.min(capacity, numbersOf(count)[0] + extra));
    const result = new Float64Array(elementCount(frames.shape as readonly number[]));
    const after = new Float64Array(before.length);
    let [whole, left, to] = [1, stored, 0];
    for (let row = 0; row < kept.shape[0]; row++) {
      const samples = before.slice(row * capacity, row * capacity + stored);
      for (let at = row * length; at < (row + 1) * length; at += frameStep, to += frameSize) {
        samples.push(...source.slice(at, at + frameStep));
        if (samples.length >= frameSize) {
          result.set(samples.slice(0, frameSize), to);
          samples.splice(0, frameStep);
        } else whole = 0;
      }
      after.set(samples, row * capacity);
      left = samples.length;
    }
    return [
      fromNumbers("i16", frames.shape as readonly number[], result),
      fromNumbers("bool", [], [whole]),
      fromNumbers("i16", kept.shape, after),
      vectorOf("i32", [left - extra]),
    ];
  },
  samples: [
    {
      name: "the second run, two frames",
      attributes: { frameSize: 3, frameStep: 1, prefill: false },
      inputs: [literal("i16", [3, 4]), literal("i16", [[1, 0, 0]]), literal("i32", [1])],
      outputs: [
        literal("i16", [
          [0, 0, 0],
          [1, 3, 4],
        ]),
        literal("bool", 0),
        literal("i16", [[3, 4, 0]]),
        literal("i32", [2]),
      ],
    },
    {
      name: "the first run after zeros",
      attributes: { frameSize: 5, frameStep: 2, prefill: true },
      inputs: [literal("i16", [7, 8]), literal("i16", [[0, 0, 0, 0, 0, 0]]), literal("i32", [0])],
      outputs: [
        literal("i16", [[0, 0, 0, 7, 8]]),
        literal("bool", 1),
        literal("i16", [[0, 7, 8, 0, 0, 0]]),
        literal("i32", [0]),
      ],
    },
  ],
});

/**
 * Adds overlapping frames [..., frames, size], frameStep apart, to rows of samples; what reaches beyond is kept [rows, size] for the next
 * run. 16-bit sums saturate. Results: rows [..., frames · frameStep] and what is kept next.
 */
export const signalOverlapAdd = defineOp({
  name: "signalOverlapAdd",
  inputs: { x: one("f32", "i16"), kept: one("f32", "i16") },
  attributes: { frameStep: positiveInteger },
  quantization: signalRule,
  check: [
    ["x has frames and their samples as last axes", ({ x }) => x.type.shape.length >= 2],
    ["a step is no longer than a frame", ({ x }, { frameStep }) => frameStep <= Number(x.type.shape.at(-1))],
    [
      "kept has a frame for each row",
      ({ x, kept: { type } }) =>
        x.type.dtype === type.dtype &&
        type.shape.length === 2 &&
        mayEqual(type.shape[0], elementCount(x.type.shape.slice(0, -2))) &&
        mayEqual(type.shape[1], x.type.shape.at(-1)!),
    ],
  ],
  infer: ({ x: { type }, kept }, { frameStep }) => [
    { dtype: type.dtype, shape: [...type.shape.slice(0, -2), Number(type.shape.at(-2)) * frameStep] },
    kept.type,
  ],
  evaluate({ x, kept }, { frameStep }, [output]) {
    const [frames, size] = x.shape.slice(-2);
    const source = numbersOf(x);
    const sums = Float64Array.from(numbersOf(kept));
    const result = new Float64Array(elementCount(output.shape as readonly number[]));
    const store = x.dtype === "i16" ? (sum: number) => Math.max(-32768, Math.min(32767, sum)) : Math.fround;
    for (let row = 0; row < kept.shape[0]; row++) {
      const own = sums.subarray(row * size, (row + 1) * size);
      for (let frame = row * frames; frame < (row + 1) * frames; frame++) {
        for (let at = 0; at < size; at++) own[at] = store(own[at] + source[frame * size + at]);
        result.set(own.subarray(0, frameStep), frame * frameStep);
        own.copyWithin(0, frameStep);
        own.fill(0, size - frameStep);
      }
    }
    return [fromNumbers(x.dtype, output.shape as readonly number[], result), fromNumbers(x.dtype, kept.shape, sums)];
  },
  samples: [
    {
      name: "two frames of three, one sum too large",
      attributes: { frameStep: 1 },
      inputs: [
        literal("i16", [
          [30000, 2, 3],
          [4, 5, 6],
        ]),
        literal("i16", [[30000, 10, 0]]),
      ],
      outputs: [literal("i16", [32767, 16]), literal("i16", [[8, 6, 0]])],
    },
  ],
});

/**
 * Stacks frames of numChannels: the result is as many as there are to the left and right of a middle one, stackerStep frames apart. `kept`
 * [size of the result] holds the samples that are not used up yet and `count` [1] one more than they are, 0 before the first run, whose
 * frame is there stackerLeftContext times more. Results: the stack, zeros where there are too few frames; whether it is whole; the next samples and count.
 */
export const signalStacker = defineOp({
  name: "signalStacker",
  inputs: { x: one("i16"), kept: one("i16"), count: one("i32") },
  attributes: {
    numChannels: positiveInteger,
    stackerLeftContext: integer,
    stackerRightContext: integer,
    stackerStep: positiveInteger,
  },
  quantization: signalRule,
  check: [
    [
      "x has one number for each channel",
      ({ x: { type } }, { numChannels }) => type.shape.length === 1 && mayEqual(type.shape[0], numChannels),
    ],
    [
      "contexts are at least 0",
      (_, { stackerLeftContext, stackerRightContext }) => stackerLeftContext >= 0 && stackerRightContext >= 0,
    ],
    [
      "kept has room for a stack",
      ({ kept: { type } }, attributes) => type.shape.length === 1 && mayEqual(type.shape[0], stackSize(attributes)),
    ],
    ["count is one number", ({ count: { type } }) => type.shape.length === 1 && mayEqual(type.shape[0], 1)],
  ],
  infer: ({ kept, count }) => [kept.type, { dtype: "bool", shape: [] }, kept.type, count.type],
  evaluate({ x, kept, count }, { numChannels, stackerLeftContext, stackerStep }) {
    const size = kept.shape[0];
    const frame = Array.from(numbersOf(x));
    const stored = numbersOf(count)[0];
    const copies = stored > 0 ? 1 : 1 + stackerLeftContext;
    const before = Array.from(numbersOf(kept)).slice(0, Math.max(0, stored - 1));
    const samples = [...before, ...Array.from({ length: copies }, () => frame).flat()].slice(-size);
    const whole = samples.length >= size;
    const rest = whole ? samples.slice(numChannels * stackerStep) : samples;
    const padded = (values: readonly number[]) => Int16Array.from({ length: size }, (_, at) => values[at] ?? 0);
    return [
      { dtype: "i16", shape: [size], data: padded(whole ? samples : []) },
      fromNumbers("bool", [], [Number(whole)]),
      { dtype: "i16", shape: [size], data: padded(rest) },
      vectorOf("i32", [rest.length + 1]),
    ];
  },
  samples: [
    {
      name: "the first frame twice",
      attributes: { numChannels: 2, stackerLeftContext: 1, stackerRightContext: 0, stackerStep: 1 },
      inputs: [literal("i16", [5, 6]), literal("i16", [0, 0, 0, 0]), literal("i32", [0])],
      outputs: [literal("i16", [5, 6, 5, 6]), literal("bool", 1), literal("i16", [5, 6, 0, 0]), literal("i32", [3])],
    },
    {
      name: "one frame of three",
      attributes: { numChannels: 1, stackerLeftContext: 0, stackerRightContext: 2, stackerStep: 2 },
      inputs: [literal("i16", [5]), literal("i16", [0, 0, 0]), literal("i32", [0])],
      outputs: [literal("i16", [0, 0, 0]), literal("bool", 0), literal("i16", [5, 0, 0]), literal("i32", [2])],
    },
  ],
});

function stackSize({
  numChannels,
  stackerLeftContext,
  stackerRightContext,
}: {
  readonly numChannels: number;
  readonly stackerLeftContext: number;
  readonly stackerRightContext: number;
}): number {
  return numChannels * (stackerLeftContext + stackerRightContext + 1);
}
