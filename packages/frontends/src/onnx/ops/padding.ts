import { fromNumbers, scalarOf, subtractDimensions, type Value } from "@millrace/ir";
import { gather, pad, slice } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { knownSize } from "./known-shape.ts";

/** How data goes on beyond its ends: with a number, its last element, or all of it mirrored without or with the border, or repeated. */
export type Continuation = "constant" | "edge" | "reflect" | "symmetric" | "wrap";

/** Index of the element of an axis of `size` that stands at any position, for the continuations the graph limits or lacks. */
const elements = {
  edge: (at, size) => Math.min(Math.max(at, 0), size - 1),
  reflect: (at, size) => mirrored(at, Math.max(1, 2 * size - 2), size, 0),
  symmetric: (at, size) => mirrored(at, 2 * size, size, 1),
  wrap: (at, size) => modulo(at, size),
} satisfies Record<Exclude<Continuation, "constant">, (at: number, size: number) => number>;

function modulo(at: number, period: number): number {
  return ((at % period) + period) % period;
}

function mirrored(at: number, period: number, size: number, border: number): number {
  const inside = modulo(at, period);
  return inside < size ? inside : period - border - inside;
}

/** How far beyond an axis of `size` the graph's own padding goes. */
const reaches: Readonly<Partial<Record<Continuation, (size: number) => number>>> = {
  constant: () => Number.POSITIVE_INFINITY,
  edge: (size) => (size > 0 ? Number.POSITIVE_INFINITY : 0),
  reflect: (size) => size - 1,
  symmetric: (size) => size,
};

/** `x` with before[axis] and after[axis] more elements along each axis, or fewer where a count is negative. */
export function continued(
  node: SourceNode,
  x: Value,
  before: readonly number[],
  after: readonly number[],
  mode: Continuation,
  value = 0,
): Value {
  const [front, back] = [before, after].map((counts) => counts.map((count) => Math.max(0, count)));
  const inside = cropped(node, x, before, after);
  if ([...front, ...back].every((count) => count === 0)) return inside;
  const { shape } = inside.type;
  const reach = reaches[mode];
  if (
    reach &&
    shape.every((size, axis) => typeof size === "string" || Math.max(front[axis], back[axis]) <= reach(size))
  )
    return node.compute(pad, [inside], { before: front, after: back, mode, value });
  return shape.reduce(
    (result, _, axis) =>
      continuedAlong(node, result, axis, front[axis], back[axis], mode as Exclude<Continuation, "constant">),
    inside,
  );
}

function continuedAlong(
  node: SourceNode,
  x: Value,
  axis: number,
  before: number,
  after: number,
  mode: Exclude<Continuation, "constant">,
): Value {
  if (before + after === 0) return x;
  const size = knownSize(node, x.type.shape[axis]);
  if (size === 0) node.invalid(`it continues axis ${axis}, which is empty`);
  const count = before + size + after;
  node.reserve(16 * count);
  const indices = Array.from({ length: count }, (_, at) => elements[mode](at - before, size));
  return node.compute(gather, [x, node.constant(fromNumbers("i32", [count], indices))], { axis });
}

function cropped(node: SourceNode, x: Value, before: readonly number[], after: readonly number[]): Value {
  const [starts, ends] = [before, after].map((counts) => counts.map((count) => Math.max(0, -count)));
  if ([...starts, ...ends].every((count) => count === 0)) return x;
  const sizes = x.type.shape.map((size, axis) => subtractDimensions(size, starts[axis] + ends[axis]));
  return node.compute(slice, [x], { starts, sizes, steps: sizes.map(() => 1) });
}

const modes: ReadonlyMap<string, Continuation> = new Map([
  ["constant", "constant"],
  ["reflect", "reflect"],
  ["edge", "edge"],
  ["wrap", "wrap"],
] as const);

/** Opset 1 calls the attribute paddings. */
function padding(node: SourceNode): Value {
  const { attributes } = node;
  const x = node.input(0);
  const rank = x.type.shape.length;
  const name = attributes.text("mode", "constant");
  const mode = modes.get(name) ?? node.unsupported(`mode is ${name}`, `Use one of ${[...modes.keys()].join(", ")}.`);
  const fixed = node.opset < 11 ? attributes.real("value", 0) : 0;
  const value = node.opset >= 11 && node.has(2) ? scalarOf(node.tensor(2)) : fixed;
  const attribute = attributes.has("paddings") ? "paddings" : "pads";
  const pads = node.list(attribute, 1, 11) ?? node.invalid("it has no pads");
  const axes = node.has(3) ? node.numbers(3).map((axis) => node.axis(axis, rank)) : [...x.type.shape.keys()];
  if (pads.length !== 2 * axes.length) node.invalid(`pads has ${pads.length} entries for ${axes.length} axes`);
  const [before, after] = [0, axes.length].map((offset) =>
    x.type.shape.map((_, axis) => (axes.includes(axis) ? pads[axes.indexOf(axis) + offset] : 0)),
  );
  return continued(node, x, before, after, mode, value);
}

/** Crops or pads with zeros around the middle; an odd element is dropped or added at the end. */
function centering(node: SourceNode): Value {
  const x = node.input(0);
  const rank = x.type.shape.length;
  const axes = node.attributes.integers("axes")?.map((axis) => node.axis(axis, rank)) ?? [...x.type.shape.keys()];
  const target = node.sizes(1).map((size) => knownSize(node, size));
  if (target.length !== axes.length) node.invalid(`shape has ${target.length} entries for ${axes.length} axes`);
  const extra = x.type.shape.map((size, axis) =>
    axes.includes(axis) ? target[axes.indexOf(axis)] - knownSize(node, size) : 0,
  );
  const before = extra.map((count) => Math.sign(count) * Math.floor(Math.abs(count) / 2));
  return continued(
    node,
    x,
    before,
    extra.map((count, axis) => count - before[axis]),
    "constant",
  );
}

/** Operators that extend data beyond its ends. */
export const paddings: Readonly<Record<string, Importer>> = { Pad: padding, CenterCropPad: centering };
