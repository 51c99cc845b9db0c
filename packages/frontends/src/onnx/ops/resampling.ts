import { elementCount, fromNumbers, isFloat, type Value } from "@millrace/ir";
import { gather, linear, select, transpose } from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { converted, formulaOf } from "./formula.ts";
import { clamped, type Place, type Rounding, roundings, type Sampling } from "./sampling.ts";
import { reshaped } from "./weights.ts";

export type Mode = "nearest" | "linear" | "cubic";

/** What the elements around a place weigh. */
export interface Filter {
  readonly mode: Mode;
  /** That of cubic convolution, a in R. Keys' formula. */
  readonly coefficient: number;
  /** Elements outside the data weigh nothing, and are not those at its edge. */
  readonly excludesOutside: boolean;
  /** The filter is as wide as what one element of a smaller result stands for. */
  readonly antialias: boolean;
}

/** How one axis of the data is resized. */
export interface AxisSampling extends Sampling {
  readonly axis: number;
}

interface Resampling {
  readonly mode: Mode;
  readonly place: Place;
  readonly rounding: Rounding;
  readonly filter: Omit<Filter, "mode">;
  readonly extrapolation?: number;
}

/** Data resized along one axis after the other: by picking elements, or by a product with the matrix of their weights. */
export function resampled(node: SourceNode, x: Value, axes: readonly AxisSampling[], resampling: Resampling): Value {
  const { mode, extrapolation } = resampling;
  const { dtype } = x.type;
  const isExact = mode === "nearest" || isFloat(dtype);
  const result = axes.reduce(
    (value, sampling) =>
      mode === "nearest" ? picked(node, value, sampling, resampling) : weighted(node, value, sampling, resampling),
    isExact ? x : converted(node, x, "f32"),
  );
  const typed = converted(node, result, dtype);
  return extrapolation === undefined ? typed : extrapolated(node, typed, axes, resampling.place, extrapolation);
}

function picked(node: SourceNode, x: Value, sampling: AxisSampling, { place, rounding }: Resampling): Value {
  const { to, axis } = sampling;
  const indices = Array.from({ length: to }, (_, at) => clamped(roundings[rounding](place(at, sampling)), sampling));
  return node.compute(gather, [x, node.constant(fromNumbers("i32", [to], indices))], { axis });
}

/** The axis is put last, where a fully connected layer mixes its elements. */
function weighted(node: SourceNode, x: Value, sampling: AxisSampling, { mode, place, filter }: Resampling): Value {
  const { axis, from, to } = sampling;
  node.reserve(16 * from * to);
  const matrix = fromNumbers("f32", [to, from], weightMatrix(sampling, place, { ...filter, mode }));
  const [lead, behind] = [x.type.shape.slice(0, axis), x.type.shape.slice(axis + 1)];
  const lines = reshaped(node, x, [elementCount(lead), from, elementCount(behind)]);
  const turned = behind.length > 0;
  const turn = (value: Value) => (turned ? node.compute(transpose, [value], { permutation: [0, 2, 1] }) : value);
  const flat = turned ? turn(lines) : reshaped(node, x, [elementCount(lead), from]);
  return reshaped(node, turn(node.compute(linear, [flat, node.constant(matrix)], plain)), [...lead, to, ...behind]);
}

/** The weight of each element for each position, row by row. */
function weightMatrix(sampling: Sampling, place: Place, filter: Filter): Float64Array {
  const { from, to, scale } = sampling;
  const radius = filter.mode === "linear" ? 1 : 2;
  const shrink = filter.antialias ? Math.min(1, scale) : 1;
  const first = Math.floor(-radius / shrink) + 1;
  const matrix = new Float64Array(from * to);
  for (let at = 0; at < to; at++) {
    const center = place(at, sampling);
    const base = Math.ceil(center) - 1;
    let total = 0;
    const row = matrix.subarray(at * from, (at + 1) * from);
    for (let tap = base + first; tap <= base + 1 - first; tap++) {
      const isOutside = tap < 0 || tap >= from;
      if (isOutside && filter.excludesOutside) continue;
      const weight = weightAt(Math.abs(tap - center) * shrink, filter);
      row[Math.min(from - 1, Math.max(0, tap))] += weight;
      total += weight;
    }
    if (total !== 0) for (let tap = 0; tap < from; tap++) row[tap] /= total;
  }
  return matrix;
}

/** What an element at a distance weighs: a triangle, or R. Keys' cubic convolution. */
function weightAt(distance: number, { mode, coefficient: a }: Filter): number {
  if (mode === "linear") return Math.max(0, 1 - distance);
  if (distance <= 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1;
  return distance < 2 ? ((distance - 5) * distance + 8) * distance * a - 4 * a : 0;
}

/** `value` in the stead of every element whose place is outside the data along some axis. */
function extrapolated(node: SourceNode, x: Value, axes: readonly AxisSampling[], place: Place, value: number): Value {
  const isInside = (sampling: AxisSampling, at: number) => {
    const position = place(at, sampling);
    return position >= 0 && position <= sampling.from - 1;
  };
  const shape = x.type.shape.map((_, axis) => axes.find((sampling) => sampling.axis === axis)?.to ?? 1);
  node.reserve(16 * elementCount(shape));
  const inside = axes.reduce<readonly boolean[]>(
    (starts, sampling) =>
      starts.flatMap((start) => Array.from({ length: sampling.to }, (_, at) => start && isInside(sampling, at))),
    [true],
  );
  if (inside.every((flag) => flag)) return x;
  return formulaOf(node)(select, node.constant(fromNumbers("bool", shape, inside.map(Number))), x, value);
}
