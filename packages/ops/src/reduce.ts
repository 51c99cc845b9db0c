import {
  type DType,
  elementCount,
  fromNumbers,
  integerRange,
  isFloat,
  numbersOf,
  type OperatorSample,
  type QuantizationRule,
  type Shape,
  stridesOf,
  type ValueType,
} from "@millrace/ir";
import { flag, integers } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { bool, f32 } from "./literal.ts";
import { float } from "./rules.ts";
import { movedAxis } from "./transposing.ts";

const numeric: readonly DType[] = ["f32", "f64", "f16", "bf16", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];

interface Row {
  readonly start: number;
  readonly quantization: QuantizationRule;
  /** Two rows of truth values that it reduces; without them it reduces numbers, with [1, 2, 3] and [-4, 5, 6] as example. */
  readonly truth?: readonly (readonly number[])[];
  readonly example: readonly [number, number];
  fold(a: number, b: number): number;
}

const truth = float("it works on truth values");
const add = (a: number, b: number) => a + b;
const rows = {
  mean: { start: 0, fold: add, quantization: { kind: "free" }, example: [2, 7 / 3] },
  sum: { start: 0, fold: add, quantization: { kind: "free" }, example: [6, 7] },
  reduceMax: {
    start: Number.NEGATIVE_INFINITY,
    fold: Math.max,
    quantization: { kind: "same", inputs: ["x"] },
    example: [3, 6],
  },
  reduceMin: {
    start: Number.POSITIVE_INFINITY,
    fold: Math.min,
    quantization: { kind: "same", inputs: ["x"] },
    example: [1, -4],
  },
  reduceProd: { start: 1, fold: (a, b) => a * b, quantization: { kind: "free" }, example: [6, -120] },
  reduceAll: {
    start: 1,
    fold: (a, b) => a && b,
    quantization: truth,
    truth: [
      [1, 1, 1],
      [0, 1, 1],
    ],
    example: [1, 0],
  },
  reduceAny: {
    start: 0,
    fold: (a, b) => a || b,
    quantization: truth,
    truth: [
      [0, 0, 0],
      [0, 1, 0],
    ],
    example: [0, 1],
  },
} satisfies Record<string, Row>;

/** `shape` without `axes`, or with size 1 there. */
export function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims
    ? shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    : shape.filter((_, axis) => !axes.includes(axis));
}

/** Permutation of a reduced result whose reduced axes were dropped. */
export function remainingPermutation(permutation: readonly number[], axes: readonly number[]): number[] {
  const kept = permutation.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  return permutation.filter((axis) => !axes.includes(axis)).map((axis) => kept.indexOf(axis));
}

function reduction(name: string, row: Row) {
  return defineOp({
    name,
    inputs: { x: one(...(row.truth ? ["bool" as const] : numeric)) },
    attributes: { axes: integers, keepDims: flag },
    quantization: row.quantization,
    check: [
      [
        "axes are ascending and within the rank of x",
        ({ x }, { axes }) =>
          axes.every((axis, at) => axis >= 0 && axis < x.type.shape.length && (at === 0 || axes[at - 1] < axis)),
      ],
    ],
    infer: ({ x }, { axes, keepDims }) => ({ dtype: x.type.dtype, shape: reducedShape(x.type.shape, axes, keepDims) }),
    transposed(_, { axes, keepDims }, permutation) {
      const moved = axes.map((axis) => movedAxis(axis, permutation)).sort((a, b) => a - b);
      return {
        attributes: { axes: moved, keepDims },
        inputs: [permutation],
        outputs: [keepDims ? permutation : remainingPermutation(permutation, axes)],
      };
    },
    widened: ({ axes, keepDims }, at) =>
      keepDims ? { axes: axes.map((axis) => (axis < at ? axis : axis + 1)), keepDims } : undefined,
    evaluate({ x }, { axes }, [output]) {
      const source = numbersOf(x);
      const kept = stridesOf(reducedShape(x.shape, axes, true) as number[]).map((stride, axis) =>
        axes.includes(axis) ? 0 : stride,
      );
      const result = new Float64Array(elementCount(output.shape as readonly number[])).fill(startOf(row, output));
      const rows = stridesOf(x.shape.slice(0, -1));
      const [size, step] = [x.shape.at(-1) ?? 1, kept.at(-1) ?? 0];
      for (let at = 0, line = 0; at < source.length; line++) {
        let target = 0;
        for (let axis = 0, rest = line; axis < rows.length; axis++) {
          target += Math.floor(rest / rows[axis]) * kept[axis];
          rest %= rows[axis];
        }
        for (const end = at + size; at < end; at++, target += step)
          result[target] = row.fold(result[target], source[at]);
      }
      const count = name === "mean" ? source.length / result.length : 1;
      return fromNumbers(
        output.dtype,
        output.shape as readonly number[],
        result.map((value) => finish(value / count, output)),
      );
    },
    samples: samplesOf(row),
  });
}

function samplesOf({ truth, example: [first, second] }: Row): OperatorSample[] {
  const make = truth ? bool : f32;
  const rows = truth ?? [
    [1, 2, 3],
    [-4, 5, 6],
  ];
  const columns = [0, 1, 2].map((at) => [[rows[0][at], rows[1][at]]]);
  return [
    {
      name: "rows",
      attributes: { axes: [1], keepDims: false },
      inputs: [make(rows)],
      outputs: [make([first, second])],
    },
    {
      name: "outer and inner axis, kept",
      attributes: { axes: [0, 2], keepDims: true },
      inputs: [make([rows])],
      outputs: [make([[[first], [second]]])],
    },
    {
      name: "middle axes",
      attributes: { axes: [1, 2], keepDims: false },
      inputs: [make([columns])],
      outputs: [make([[first, second]])],
    },
  ];
}

/** What a fold of nothing is; the least and greatest integers take the place of infinities. */
function startOf({ start }: Row, { dtype }: ValueType): number {
  if (isFloat(dtype)) return start;
  const [least, greatest] = integerRange(dtype);
  return Math.min(greatest, Math.max(least, start));
}

function finish(value: number, output: ValueType): number {
  return isFloat(output.dtype) ? value : Math.trunc(value);
}

const family = Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, reduction(name, row)]));

/** Reductions over axes, by name. */
export const reductionOperators = family as Readonly<Record<keyof typeof rows, ReturnType<typeof reduction>>>;

export const { mean, sum, reduceMax, reduceMin, reduceProd, reduceAll, reduceAny } = reductionOperators;
