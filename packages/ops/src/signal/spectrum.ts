import { type DType, elementCount, fromNumbers, mayEqual, numbersOf, type OperatorSample } from "@millrace/ir";
import { integer } from "../attributes.ts";
import { defineOp, one } from "../define.ts";
import { literal } from "../literal.ts";
import {
  type Arithmetic,
  forwardTransform,
  inverseTransform,
  longArithmetic,
  realArithmetic,
  shortArithmetic,
} from "./fourier.ts";
import { isTransformLength, signalRule } from "./signal-rule.ts";

const arithmetics: Readonly<Partial<Record<DType, Arithmetic>>> = {
  f32: realArithmetic,
  i16: shortArithmetic,
  i32: longArithmetic,
};

const powerOfTwo = "the length of the transform is a power of two from 4 on";

/** Samples times a window, shifted right and kept within 16 bits. */
export const signalWindow = defineOp({
  name: "signalWindow",
  inputs: { x: one("i16"), window: one("i16") },
  attributes: { shift: integer },
  quantization: signalRule,
  check: [
    [
      "window has as many numbers as the last axis of x",
      ({ x, window: { type } }) =>
        type.shape.length === 1 && x.type.shape.length > 0 && mayEqual(x.type.shape.at(-1)!, type.shape[0]),
    ],
    ["shift is from 0 to 31", (_, { shift }) => shift >= 0 && shift < 32],
  ],
  infer: ({ x }) => ({ dtype: "i16", shape: x.type.shape }),
  evaluate({ x, window }, { shift }) {
    const [source, factors] = [numbersOf(x), numbersOf(window)];
    const result = Int16Array.from(source, (sample, at) =>
      Math.max(-32768, Math.min(32767, (sample * factors[at % factors.length]) >> shift)),
    );
    return { dtype: "i16", shape: x.shape, data: result };
  },
  samples: [
    {
      name: "two frames, one sample too large",
      attributes: { shift: 8 },
      inputs: [
        literal("i16", [
          [1221, 9531],
          [-1, -2],
        ]),
        literal("i16", [1323, 9100]),
      ],
      outputs: [
        literal("i16", [
          [6310, 32767],
          [-6, -72],
        ]),
      ],
    },
  ],
});

/** Samples shifted left so far that the greatest makes use of all 15 bits, and by how many bits. */
export const signalFftAutoScale = defineOp({
  name: "signalFftAutoScale",
  inputs: { x: one("i16") },
  attributes: {},
  quantization: signalRule,
  infer: ({ x }) => [
    { dtype: "i16", shape: x.type.shape },
    { dtype: "i32", shape: [] },
  ],
  evaluate({ x }) {
    const source = x.data as Int16Array;
    const greatest = source.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    const bits = Math.max(0, Math.clz32(greatest) - 17);
    const scaled = source.map((sample) => sample * 2 ** bits);
    return [
      { dtype: "i16", shape: x.shape, data: scaled },
      { dtype: "i32", shape: [], data: Int32Array.of(bits) },
    ];
  },
  samples: [
    {
      name: "seven bits to spare",
      attributes: {},
      inputs: [literal("i16", [238, 113, -88, -243, -5, -130, 159, -70])],
      outputs: [literal("i16", [30464, 14464, -11264, -31104, -640, -16640, 20352, -8960]), literal("i32", 7)],
    },
  ],
});

const impulse = (length: number, height: number) => Array.from({ length }, (_, at) => (at === 0 ? height : 0));
const constantSpectrum = (length: number, height: number) =>
  Array.from({ length: length + 2 }, (_, at) => (at % 2 === 0 ? height : 0));

const rows = (dtype: DType, forward: number, backward: number): readonly [OperatorSample, OperatorSample] => [
  {
    name: `an impulse, ${dtype}`,
    attributes: { fftLength: 64 },
    inputs: [literal(dtype, impulse(64, 16384))],
    outputs: [literal(dtype, constantSpectrum(64, forward))],
  },
  {
    name: `an impulse, ${dtype}`,
    attributes: { fftLength: 64 },
    inputs: [literal(dtype, constantSpectrum(64, 256))],
    outputs: [literal(dtype, impulse(64, backward))],
  },
];
const transformSamples = [rows("f32", 16384, 256), rows("i16", 256, 256), rows("i32", 256, 256)];

/** Fourier transform of each row of samples, followed by zeros up to fftLength: real and imaginary parts in turn; integers are divided by the length. */
export const signalRfft = defineOp({
  name: "signalRfft",
  inputs: { x: one("f32", "i16", "i32") },
  attributes: { fftLength: integer },
  quantization: signalRule,
  check: [
    [powerOfTwo, (_, { fftLength }) => isTransformLength(fftLength)],
    [
      "rows are no longer than the transform",
      ({ x }, { fftLength }) => x.type.shape.length > 0 && !(Number(x.type.shape.at(-1)) > fftLength),
    ],
  ],
  infer: ({ x }, { fftLength }) => ({ dtype: x.type.dtype, shape: [...x.type.shape.slice(0, -1), fftLength + 2] }),
  evaluate({ x }, { fftLength }, [output]) {
    const source = Float64Array.from(numbersOf(x));
    const shape = output.shape as readonly number[];
    const length = x.shape[x.shape.length - 1];
    const result = new Float64Array(elementCount(shape));
    const samples = new Float64Array(fftLength);
    for (let row = 0; row * (fftLength + 2) < result.length; row++) {
      samples.set(source.subarray(row * length, (row + 1) * length));
      result.set(forwardTransform(arithmetics[x.dtype]!, samples), row * (fftLength + 2));
    }
    return fromNumbers(x.dtype, shape, result);
  },
  samples: transformSamples.map(([forward]) => forward),
});

/** The rows of samples of which x holds the Fourier transforms. */
export const signalIrfft = defineOp({
  name: "signalIrfft",
  inputs: { x: one("f32", "i16", "i32") },
  attributes: { fftLength: integer },
  quantization: signalRule,
  check: [
    [powerOfTwo, (_, { fftLength }) => isTransformLength(fftLength)],
    [
      "rows hold fftLength / 2 + 1 complex numbers",
      ({ x }, { fftLength }) => x.type.shape.length > 0 && mayEqual(x.type.shape.at(-1)!, fftLength + 2),
    ],
  ],
  infer: ({ x }, { fftLength }) => ({ dtype: x.type.dtype, shape: [...x.type.shape.slice(0, -1), fftLength] }),
  evaluate({ x }, { fftLength }, [output]) {
    const source = Float64Array.from(numbersOf(x));
    const shape = output.shape as readonly number[];
    const result = new Float64Array(elementCount(shape));
    const share = x.dtype === "f32" ? fftLength : 1;
    for (let row = 0; row * fftLength < result.length; row++) {
      const spectrum = source.subarray(row * (fftLength + 2), (row + 1) * (fftLength + 2));
      const samples = inverseTransform(arithmetics[x.dtype]!, spectrum);
      result.set(
        samples.map((sample) => sample / share),
        row * fftLength,
      );
    }
    return fromNumbers(x.dtype, shape, result);
  },
  samples: transformSamples.map(([, backward]) => backward),
});

/** Squared sizes of the complex numbers from startIndex to before endIndex; zeros elsewhere. */
export const signalEnergy = defineOp({
  name: "signalEnergy",
  inputs: { x: one("i16") },
  attributes: { startIndex: integer, endIndex: integer },
  quantization: signalRule,
  check: [
    ["x is a vector of pairs", ({ x: { type } }) => type.shape.length === 1 && Number(type.shape[0]) % 2 === 0],
    [
      "the indices name pairs",
      ({ x }, { startIndex, endIndex }) => startIndex >= 0 && endIndex <= Number(x.type.shape[0]) / 2,
    ],
  ],
  infer: ({ x }) => ({ dtype: "u32", shape: [Number(x.type.shape[0]) / 2] }),
  evaluate({ x }, { startIndex, endIndex }) {
    const source = numbersOf(x);
    const result = new Uint32Array(source.length / 2);
    for (let at = startIndex; at < endIndex; at++) result[at] = source[2 * at] ** 2 + source[2 * at + 1] ** 2;
    return { dtype: "u32", shape: [result.length], data: result };
  },
  samples: [
    {
      name: "the second of three",
      attributes: { startIndex: 1, endIndex: 2 },
      inputs: [literal("i16", [1, 2, 3, -4, 5, 6])],
      outputs: [literal("u32", [0, 25, 0])],
    },
  ],
});
