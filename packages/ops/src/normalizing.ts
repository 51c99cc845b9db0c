import { broadcastShapes, elementCount, fromNumbers, mayMatch, numbersOf, type Tensor, type Value } from "@millrace/ir";
import { forEachBroadcast } from "./broadcast.ts";
import { one, optional } from "./define.ts";
import { f32 } from "./literal.ts";

const types = ["f32", "f16", "bf16", "f64"] as const;

/** What is normalized, and what the results are multiplied by and moved by. */
export const normalizedInputs = { x: one(...types), scale: optional(...types), bias: optional(...types) } as const;

/** The inputs that scale the results in the end. */
export const scaleAndBias = { factor: "scale", offset: "bias" } as const;

interface Values {
  readonly x: Value;
  readonly scale: Value | undefined;
  readonly bias: Value | undefined;
}

interface Parts {
  readonly x: Tensor;
  readonly scale: Tensor | undefined;
  readonly bias: Tensor | undefined;
}

/** What must hold of scale and bias. */
export const scalingBroadcasts = [
  "scale and bias broadcast to the shape of x",
  ({ x, scale, bias }: Values) =>
    [scale, bias].every(
      (value) => value === undefined || mayMatch(broadcastShapes(x.type.shape, value.type.shape) ?? [-1], x.type.shape),
    ),
] as const;

/** What must hold of the number that is added to a variance. */
export const epsilonIsNotNegative = [
  "epsilon is not negative",
  (_: Values, { epsilon }: { readonly epsilon: number }) => epsilon >= 0,
] as const;

/** Numbers of `shape`, less their mean over `axes` if `centred`, over the root of the mean of their squares plus epsilon. */
export function standardized(
  source: ArrayLike<number>,
  shape: readonly number[],
  { axes, epsilon, centred }: { readonly axes: readonly number[]; readonly epsilon: number; readonly centred: boolean },
): Float64Array {
  const groups = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const result = Float64Array.from(source);
  const means = (numberAt: (at: number) => number) => {
    const sums = new Float64Array(elementCount(groups));
    forEachBroadcast(shape, [groups], (at, indices) => {
      sums[indices[0]] += numberAt(at);
    });
    return sums.map((sum) => (sum * sums.length) / result.length);
  };
  const centres = centred ? means((at) => result[at]) : new Float64Array(elementCount(groups));
  forEachBroadcast(shape, [groups], (at, indices) => {
    result[at] -= centres[indices[0]];
  });
  const squares = means((at) => result[at] ** 2);
  forEachBroadcast(shape, [groups], (at, indices) => {
    result[at] /= Math.sqrt(squares[indices[0]] + epsilon);
  });
  return result;
}

/** The numbers times the scale plus the bias, as far as there are any. */
export function scaled(numbers: Float64Array, { x, scale = f32(1), bias = f32(0) }: Parts): Tensor {
  const [factors, offsets] = [numbersOf(scale), numbersOf(bias)];
  forEachBroadcast(x.shape, [scale.shape, bias.shape], (at, indices) => {
    numbers[at] = numbers[at] * factors[indices[0]] + offsets[indices[1]];
  });
  return fromNumbers(x.dtype, x.shape, numbers);
}
