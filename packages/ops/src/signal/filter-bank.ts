import { fail, mayEqual, numbersOf } from "@millrace/ir";
import { integer, positiveInteger } from "../attributes.ts";
import { defineOp, one } from "../define.ts";
import { literal } from "../literal.ts";
import { signalRule } from "./signal-rule.ts";

const isVector = ({ type }: { readonly type: { readonly shape: readonly unknown[] } }) => type.shape.length === 1;

/**
 * Energies of overlapping channels: each takes `widths` numbers of x from `starts` on times `weights`, and what the one before took times
 * `unweights`; the first of numChannels + 1 is left out.
 */
export const signalFilterBank = defineOp({
  name: "signalFilterBank",
  inputs: {
    x: one("u32"),
    weights: one("i16"),
    unweights: one("i16"),
    starts: one("i16"),
    weightStarts: one("i16"),
    widths: one("i16"),
  },
  attributes: { numChannels: positiveInteger },
  quantization: signalRule,
  check: [
    ["all inputs are vectors", (inputs) => Object.values(inputs).every(isVector)],
    [
      "weights and unweights are equally many",
      ({ weights, unweights }) => mayEqual(weights.type.shape[0], unweights.type.shape[0]),
    ],
    [
      "starts and widths are one more than the channels",
      ({ starts, weightStarts, widths }, { numChannels }) =>
        [starts, weightStarts, widths].every(({ type }) => mayEqual(type.shape[0], numChannels + 1)),
    ],
  ],
  infer: (_, { numChannels }) => ({ dtype: "u64", shape: [numChannels] }),
  evaluate({ x, weights, unweights, starts, weightStarts, widths }, { numChannels }) {
    const [source, factors, rests] = [x, weights, unweights].map(numbersOf);
    const [firsts, places, counts] = [starts, weightStarts, widths].map(numbersOf);
    const result = new BigUint64Array(numChannels);
    let [sum, next] = [0n, 0n];
    for (let channel = 0; channel <= numChannels; channel++) {
      const [first, place, count] = [firsts[channel], places[channel], counts[channel]];
      if (Math.min(first, place) < 0 || first + count > source.length || place + count > factors.length) {
        fail("ops.index-out-of-range", `Channel ${channel} of a filter bank reads beyond its data or its weights.`, {
          hint: "Check the constants of the model's filter bank.",
        });
      }
      for (let at = 0; at < count; at++) {
        const energy = BigInt(source[first + at]);
        sum += energy * BigInt(factors[place + at]);
        next += energy * BigInt(rests[place + at]);
      }
      if (channel > 0) result[channel - 1] = BigInt.asUintN(64, sum);
      [sum, next] = [next, 0n];
    }
    return { dtype: "u64", shape: [numChannels], data: result };
  },
  samples: [
    {
      name: "two channels",
      attributes: { numChannels: 2 },
      inputs: [
        literal("u32", [10, 20, 30, 40]),
        literal("i16", [1, 2, 3]),
        literal("i16", [4, 5, 6]),
        literal("i16", [0, 1, 2]),
        literal("i16", [0, 1, 2]),
        literal("i16", [1, 1, 1]),
      ],
      outputs: [literal("u64", [80, 190])],
    },
  ],
});

/** The nearest whole root, halves down; at most what half of the bits can hold. */
function squareRoot(x: bigint): number {
  let root = BigInt(Math.floor(Math.sqrt(Number(x))));
  while (root * root > x) root--;
  while ((root + 1n) * (root + 1n) <= x) root++;
  const most = x >> 32n === 0n ? 0xffffn : 0xffffffffn;
  return Number(x - root * root > root && root !== most ? root + 1n : root);
}

/** Square roots, shifted right by scaleBits. */
export const signalFilterBankSquareRoot = defineOp({
  name: "signalFilterBankSquareRoot",
  inputs: { x: one("u64"), scaleBits: one("i32") },
  attributes: {},
  quantization: signalRule,
  check: [
    ["x is a vector", ({ x }) => isVector(x)],
    ["scaleBits is one number", ({ scaleBits: { type } }) => type.shape.length === 0],
  ],
  infer: ({ x }) => ({ dtype: "u32", shape: x.type.shape }),
  evaluate({ x, scaleBits }) {
    const [bits] = Array.from(numbersOf(scaleBits));
    const roots = Uint32Array.from(x.data as BigUint64Array, (item) => squareRoot(item) >>> bits);
    return { dtype: "u32", shape: x.shape, data: roots };
  },
  samples: [
    {
      name: "shifted by seven bits",
      attributes: {},
      inputs: [literal("u64", [10528000193, 28362909357, 28232446, 11591835]), literal("i32", 7)],
      outputs: [literal("u32", [801, 1315, 41, 26])],
    },
  ],
});

/** log2(1 + i / 128) - i / 128 in 16 bits after the point. */
const logarithms = Int32Array.from({ length: 129 }, (_, at) =>
  Math.floor(65536 * Math.log2(1 + at / 128) - 512 * at + 0.5),
);

/** ln(x) · scale / 2^16 · 2^16, by a table of 128 segments for each octave. */
function naturalLogarithm(x: number, scale: number): number {
  const octave = 31 - Math.clz32(x);
  const rest = x - 2 ** octave;
  const fraction = octave < 16 ? rest * 2 ** (16 - octave) : Math.floor(rest / 2 ** (octave - 16));
  const segment = fraction >> 9;
  const step = ((logarithms[segment + 1] - logarithms[segment]) * (fraction - 512 * segment)) >> 16;
  const binary = octave * 65536 + fraction + logarithms[segment] + step;
  const natural = Math.floor((45426 * binary + 32768) / 65536);
  return Number(BigInt.asUintN(32, BigInt(scale) * BigInt(natural) + 32768n) >> 16n);
}

/** Logarithms of the numbers shifted left by inputCorrectionBits, times outputScale, in 16 bits. */
export const signalFilterBankLog = defineOp({
  name: "signalFilterBankLog",
  inputs: { x: one("u32") },
  attributes: { inputCorrectionBits: integer, outputScale: integer },
  quantization: signalRule,
  check: [
    ["x is a vector", ({ x }) => isVector(x)],
    [
      "inputCorrectionBits is from 0 to 31",
      (_, { inputCorrectionBits }) => inputCorrectionBits >= 0 && inputCorrectionBits < 32,
    ],
  ],
  infer: ({ x }) => ({ dtype: "i16", shape: x.type.shape }),
  evaluate({ x }, { inputCorrectionBits, outputScale }) {
    const result = Int16Array.from(x.data as Uint32Array, (item) => {
      const scaled = (item << inputCorrectionBits) >>> 0;
      return scaled > 1 ? Math.min(32767, naturalLogarithm(scaled, outputScale)) : 0;
    });
    return { dtype: "i16", shape: x.shape, data: result };
  },
  samples: [
    {
      name: "three bits of correction",
      attributes: { inputCorrectionBits: 3, outputScale: 1600 },
      inputs: [literal("u32", [29, 21, 40, 19, 11, 2, 0])],
      outputs: [literal("i16", [8715, 8198, 9229, 8038, 7164, 4436, 0])],
    },
    {
      name: "more than 16 bits",
      attributes: { inputCorrectionBits: 5, outputScale: 32768 },
      inputs: [literal("u32", [48, 20, 19, 24, 14])],
      outputs: [literal("i16", [32767, 15121, 13440, 21095, 3434])],
    },
  ],
});
