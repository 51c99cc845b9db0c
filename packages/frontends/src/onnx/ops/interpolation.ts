import { elementCount, fromNumbers, stridesOf, type Value } from "@millrace/ir";
import {
  add,
  cast,
  concat,
  floor,
  floorMod,
  gather,
  linear,
  matmul,
  maximum,
  minimum,
  mul,
  sub,
  sum,
  transpose,
} from "@millrace/ops";
import type { SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";
import { formulaOf } from "./formula.ts";
import { knownShape } from "./known-shape.ts";
import { type Continuation, continued } from "./padding.ts";
import { reshaped, sliced } from "./weights.ts";

/**
 * Elements around a place that count along one axis: those at floor(place) - before … floor(place) + after. Their weights are
 * polynomials in the place's fraction t: constants[tap] + Σ powers[tap][i] · t^(i + 1).
 */
interface Kernel {
  readonly before: number;
  readonly after: number;
  /** How far outside the data a place still sees it. */
  readonly support: number;
  readonly constants: readonly number[];
  readonly powers: readonly (readonly number[])[];
}

const cubic = -0.75;

/** The weights of cubic convolution are those of R. Keys with a = -0.75. */
export const kernels = {
  nearest: { before: 0, after: 0, support: 1, constants: [1], powers: [[]] },
  linear: { before: 0, after: 1, support: 1, constants: [1, 0], powers: [[-1], [1]] },
  cubic: {
    before: 1,
    after: 2,
    support: 2,
    constants: [0, 1, 0, 0],
    powers: [
      [cubic, -2 * cubic, cubic],
      [0, -cubic - 3, cubic + 2],
      [-cubic, 2 * cubic + 3, -cubic - 2],
      [0, cubic, -cubic],
    ],
  },
} as const satisfies Record<string, Kernel>;

export type KernelName = keyof typeof kernels;

/** What places outside the data see; reflection is at the centres of the outermost elements if `aligned`, else at their edges. */
export interface Outside {
  readonly mode: "zeros" | "border" | "reflection";
  readonly aligned: boolean;
}

/** Points in images: data [images, channels, …], for each point the int32 number of its image, and its f32 places [points, axes] in elements. */
export interface Points {
  readonly x: Value;
  readonly image: Value;
  readonly places: Value;
}

/** For each point, the elements around it [points, taps, channels] and their weights [points, taps], which a single one has not. */
export interface Taps {
  readonly elements: Value;
  readonly weights: Value | undefined;
}

/** Looks around places that are computed while the model runs. For the kernel nearest, places are whole numbers. */
export function tapsAt(node: SourceNode, { x, image, places }: Points, name: KernelName, outside: Outside): Taps {
  const of = formulaOf(node);
  const kernel: Kernel = kernels[name];
  const sizes = knownShape(node, x.type.shape.slice(2));
  const ranges = sizes.map((size) => rangeOf(size, name, outside));
  const before = ranges.map(([low]) => Math.max(0, kernel.before - Math.floor(low)));
  const after = ranges.map(([, high], axis) => Math.max(0, Math.floor(high) + kernel.after - sizes[axis] + 1));
  const surrounded = continued(node, x, [0, 0, ...before], [0, 0, ...after], continuations(outside));
  const whole = knownShape(node, surrounded.type.shape);
  const moved = of(add, broughtInside(node, places, sizes, ranges, outside), perAxis(node, before, "f32"));
  const first = of(floor, moved);
  const strides = stridesOf(whole.slice(2));
  const steps = of(mul, node.compute(cast, [first], { to: "i32" }), perAxis(node, strides, "i32"));
  const start = node.compute(sum, [steps], { axes: [1], keepDims: true });
  const area = elementCount(whole.slice(2));
  const origin = of(add, start, of(mul, reshaped(node, image, [image.type.shape[0], 1]), area));
  const offsets = everyTap(kernel, strides);
  const numbers = of(add, origin, node.constant(fromNumbers("i32", [1, offsets.length], offsets)));
  return {
    elements: node.compute(gather, [rowsOf(node, surrounded, whole[0] * area), numbers], { axis: 0 }),
    weights: name === "nearest" ? undefined : tapWeights(node, kernel, of(sub, moved, first)),
  };
}

/** The weighted sum of what lies around each point: [points, channels]. */
export function interpolated(node: SourceNode, { elements, weights }: Taps): Value {
  const [points, taps, channels] = elements.type.shape;
  if (weights === undefined) return reshaped(node, elements, [points, channels]);
  const row = reshaped(node, weights, [points, 1, taps]);
  const result = node.compute(matmul, [row, elements], { transposeA: false, transposeB: false });
  return reshaped(node, result, [points, channels]);
}

function perAxis(node: SourceNode, numbers: readonly number[], dtype: "f32" | "i32"): Value {
  return node.constant(fromNumbers(dtype, [1, numbers.length], numbers));
}

/** Images [images, channels, …] as rows of channels, one for each element. */
function rowsOf(node: SourceNode, x: Value, count: number): Value {
  const [images, channels, ...sizes] = x.type.shape;
  const flat = reshaped(node, x, [images, channels, elementCount(sizes)]);
  return reshaped(node, node.compute(transpose, [flat], { permutation: [0, 2, 1] }), [count, channels]);
}

function continuations({ mode, aligned }: Outside): Continuation {
  if (mode === "zeros") return "constant";
  if (mode === "border") return "edge";
  return aligned ? "reflect" : "symmetric";
}

/** The least and the greatest place that is looked at along an axis; beyond it, all that is seen stays the same. */
function rangeOf(size: number, name: KernelName, { mode, aligned }: Outside): readonly [number, number] {
  const { support } = kernels[name];
  if (mode === "zeros" || (mode === "border" && name === "cubic")) return [-support, size - 1 + support];
  return mode === "border" || aligned || name === "nearest" ? [0, size - 1] : [-0.5, size - 0.5];
}

/** A place beyond the outermost elements, or beyond their edges, is mirrored for reflection. */
function broughtInside(
  node: SourceNode,
  places: Value,
  sizes: readonly number[],
  ranges: readonly (readonly [number, number])[],
  { mode, aligned }: Outside,
): Value {
  const of = formulaOf(node);
  const vector = (numbers: readonly number[]) => perAxis(node, numbers, "f32");
  const [low, high] = [0, 1].map((end) => vector(ranges.map((range) => range[end])));
  const clamped = (value: Value) => of(minimum, of(maximum, value, low), high);
  if (mode !== "reflection") return clamped(places);
  const edge = aligned ? 0 : -0.5;
  const period = vector(sizes.map((size) => Math.max(1, 2 * (size - 1 - 2 * edge))));
  const within = of(floorMod, of(sub, places, edge), period);
  return clamped(of(add, of(minimum, within, of(sub, period, within)), edge));
}

/** Distances in rows from the element at the floor of a place to each tap, the last axis varying first. */
function everyTap({ before, after }: Kernel, strides: readonly number[]): readonly number[] {
  const taps = Array.from({ length: before + 1 + after }, (_, tap) => tap - before);
  return strides.reduce<readonly number[]>(
    (starts, stride) => starts.flatMap((start) => taps.map((tap) => start + tap * stride)),
    [0],
  );
}

/** Products of the axes' weights [points, taps] for fractions [points, axes]. */
function tapWeights(node: SourceNode, kernel: Kernel, fractions: Value): Value {
  const of = formulaOf(node);
  const [points, axes] = fractions.type.shape as readonly number[];
  const perAxis = Array.from({ length: axes }, (_, axis) =>
    axisWeights(node, kernel, sliced(node, fractions, 1, axis, 1)),
  );
  return perAxis.reduce((left, right) => {
    const [rows, columns] = [left, right].map((value) => value.type.shape[1] as number);
    const product = of(mul, reshaped(node, left, [points, rows, 1]), reshaped(node, right, [points, 1, columns]));
    return reshaped(node, product, [points, rows * columns]);
  });
}

/** The polynomials as a fully connected layer of the powers of the fraction [points, 1]. */
function axisWeights(node: SourceNode, { constants, powers }: Kernel, fraction: Value): Value {
  const of = formulaOf(node);
  const degree = powers[0].length;
  const terms = [fraction];
  while (terms.length < degree) terms.push(of(mul, terms.at(-1)!, fraction));
  const inputs = degree === 1 ? fraction : node.compute(concat, terms, { axis: 1 });
  const factors = node.constant(fromNumbers("f32", [constants.length, degree], powers.flat()));
  return node.compute(
    linear,
    [inputs, factors, node.constant(fromNumbers("f32", [constants.length], constants))],
    plain,
  );
}
