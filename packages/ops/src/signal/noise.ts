import { mayEqual, numbersOf, type Tensor } from "@millrace/ir";
import { flag, integer, positiveInteger } from "../attributes.ts";
import { defineOp, one } from "../define.ts";
import { literal } from "../literal.ts";
import { signalRule } from "./signal-rule.ts";

const isVector = ({ type }: { readonly type: { readonly shape: readonly unknown[] } }) => type.shape.length === 1;

const subtraction = {
  numChannels: positiveInteger,
  smoothing: integer,
  oneMinusSmoothing: integer,
  alternateSmoothing: integer,
  alternateOneMinusSmoothing: integer,
  smoothingBits: integer,
  minSignalRemaining: integer,
  clamping: flag,
  spectralSubtractionBits: integer,
};

/** floor((a · b + c · d) / 2^bits), cut to 32 bits. */
function weighted(a: number, b: number, c: number, d: number, bits: number): number {
  return Number(BigInt.asUintN(32, (BigInt(a) * BigInt(b) + BigInt(c) * BigInt(d)) >> BigInt(bits)));
}

/**
 * Energies less the noise, which follows them slowly: noise' = (signal · smoothing + noise · oneMinusSmoothing) / 2^spectralSubtractionBits,
 * in even channels with these factors and in odd ones with the alternate ones. At least minSignalRemaining of the signal stays.
 * Results: the difference, the next noise, and the noise once more.
 */
export const signalFilterBankSpectralSubtraction = defineOp({
  name: "signalFilterBankSpectralSubtraction",
  inputs: { x: one("u32"), noise: one("u32") },
  attributes: subtraction,
  quantization: signalRule,
  check: [
    [
      "x and noise have one number for each channel",
      ({ x, noise }, { numChannels }) =>
        [x, noise].every((value) => isVector(value) && mayEqual(value.type.shape[0], numChannels)),
    ],
    [
      "bits are from 0 to 31",
      (_, { smoothingBits, spectralSubtractionBits }) =>
        [smoothingBits, spectralSubtractionBits].every((bits) => bits >= 0 && bits < 32),
    ],
  ],
  infer: ({ x }) => [x.type, x.type, x.type],
  evaluate({ x, noise }, attributes) {
    const { smoothingBits, spectralSubtractionBits, minSignalRemaining, clamping } = attributes;
    const [source, before] = [numbersOf(x), numbersOf(noise)];
    const [result, after] = [new Uint32Array(source.length), new Uint32Array(source.length)];
    for (let at = 0; at < source.length; at++) {
      const even = at % 2 === 0;
      const share = even ? attributes.smoothing : attributes.alternateSmoothing;
      const rest = even ? attributes.oneMinusSmoothing : attributes.alternateOneMinusSmoothing;
      const signal = (source[at] << smoothingBits) >>> 0;
      const estimate = weighted(signal, share, before[at], rest, spectralSubtractionBits);
      after[at] = clamping ? Math.min(estimate, signal) : estimate;
      const floor = weighted(source[at], minSignalRemaining, 0, 0, spectralSubtractionBits);
      result[at] = Math.max(floor, (signal - Math.min(estimate, signal)) >>> smoothingBits);
    }
    return [result, after, after].map((data): Tensor => ({ dtype: "u32", shape: x.shape, data }));
  },
  samples: [
    {
      name: "the first frame",
      attributes: {
        numChannels: 3,
        smoothing: 655,
        oneMinusSmoothing: 15729,
        alternateSmoothing: 655,
        alternateOneMinusSmoothing: 15729,
        smoothingBits: 0,
        minSignalRemaining: 819,
        clamping: false,
        spectralSubtractionBits: 14,
      },
      inputs: [literal("u32", [322, 308, 210]), literal("u32", [0, 0, 0])],
      outputs: [literal("u32", [310, 296, 202]), literal("u32", [12, 12, 8]), literal("u32", [12, 12, 8])],
    },
  ],
});

/** A table's polynomial for the octave that x lies in, as 16 bits. */
function gainOf(x: number, table: ArrayLike<number>): number {
  if (x <= 2) return table[x];
  const octave = 32 - Math.clz32(x);
  const first = 4 * octave - 6;
  const place = (octave < 11 ? x << (11 - octave) : x >>> (octave - 11)) & 0x3ff;
  const slope = (((table[first + 2] * place) >> 5) + (table[first + 1] << 5)) | 0;
  return (((((Math.imul(slope, place) + (1 << 14)) | 0) >> 15) + table[first]) << 16) >> 16;
}

/** x² / 4 below 2, else x - 1: from 12 bits after the point to 6. */
function shrunk(x: number): number {
  return x < 2 << 12 ? (x * x) >>> 20 : (x >>> 6) - (1 << 6);
}

/** Slope, bend and next value of each octave of a table, as TFLite Micro's own test has it. */
const gainRows: readonly (readonly [slope: number, bend: number, next: number])[] = [
  [-6, 0, 32624],
  [-12, 0, 32612],
  [-23, -2, 32587],
  [-48, 0, 32539],
  [-96, 0, 32443],
  [-190, 0, 32253],
  [-378, 4, 31879],
  [-739, 18, 31158],
  [-1409, 62, 29811],
  [-2567, 202, 27446],
  [-4301, 562, 23707],
  [-6265, 1230, 18672],
  [-7458, 1952, 13166],
  [-7030, 2212, 8348],
  [-5342, 1868, 4874],
  [-3459, 1282, 2697],
  [-2025, 774, 1446],
  [-1120, 436, 762],
  [-596, 232, 398],
  [-313, 122, 207],
  [-164, 64, 107],
  [-85, 34, 56],
  [-45, 18, 29],
  [-22, 8, 15],
  [-13, 6, 8],
  [-8, 4, 4],
  [-2, 0, 2],
  [-3, 2, 1],
  [0, 0, 1],
  [-3, 2, 0],
  [0, 0, 0],
];

/** Gain control by the noise in each channel: its gain comes from a table of a quadratic polynomial for each octave. */
export const signalPcan = defineOp({
  name: "signalPcan",
  inputs: { x: one("u32"), noise: one("u32"), gains: one("i16") },
  attributes: { snrShift: integer },
  quantization: signalRule,
  check: [
    [
      "x and noise are equally many",
      ({ x, noise }) => isVector(x) && isVector(noise) && mayEqual(x.type.shape[0], noise.type.shape[0]),
    ],
    ["gains has numbers for 32 octaves", ({ gains }) => isVector(gains) && !(Number(gains.type.shape[0]) < 125)],
    ["snrShift is from 0 to 63", (_, { snrShift }) => snrShift >= 0 && snrShift < 64],
  ],
  infer: ({ x }) => x.type,
  evaluate({ x, noise, gains }, { snrShift }) {
    const [source, estimates, table] = [x, noise, gains].map(numbersOf);
    const result = Uint32Array.from(source, (signal, at) =>
      shrunk(weighted(signal, gainOf(estimates[at], table) >>> 0, 0, 0, snrShift)),
    );
    return { dtype: "u32", shape: x.shape, data: result };
  },
  samples: [
    {
      name: "four channels",
      attributes: { snrShift: 6 },
      inputs: [
        literal("u32", [286, 298, 305, 291]),
        literal("u32", [7310, 18308, 7796, 17878]),
        literal(
          "i16",
          [32636, 32633, 32630, ...gainRows.flatMap(([slope, bend, next]) => [slope, bend, -21589, next])].slice(
            0,
            125,
          ),
        ),
      ],
      outputs: [literal("u32", [1301, 836, 1354, 827])],
    },
  ],
});
