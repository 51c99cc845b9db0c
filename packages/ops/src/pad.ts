import { addDimensions, permute } from "@millrace/ir";
import { counts, oneOf, real } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { f32, i32 } from "./literal.ts";
import { pick } from "./pick.ts";
import { longer } from "./widening.ts";

/** Index of x that a position beyond an axis of `size` copies; position 0 is the first element of x. -1 is none. */
const sources = {
  constant: (at, size) => (at < 0 || at >= size ? -1 : at),
  edge: (at, size) => Math.min(Math.max(at, 0), size - 1),
  reflect: (at, size) => (at < 0 ? -at : at >= size ? 2 * size - 2 - at : at),
  symmetric: (at, size) => (at < 0 ? -1 - at : at >= size ? 2 * size - 1 - at : at),
} satisfies Record<string, (at: number, size: number) => number>;

/** How many elements beyond a border each mode can give, for an axis of `size`. */
const reach = {
  constant: () => Number.POSITIVE_INFINITY,
  edge: (size) => (size > 0 ? Number.POSITIVE_INFINITY : 0),
  reflect: (size) => size - 1,
  symmetric: (size) => size,
} satisfies Record<keyof typeof sources, (size: number) => number>;

/**
 * Adds before[axis] and after[axis] elements around x: the real number `value`, the nearest element (edge), or the
 * elements mirrored at the border, which is left out (reflect) or repeated (symmetric).
 */
export const pad = defineOp({
  name: "pad",
  inputs: { x: one() },
  attributes: { before: counts, after: counts, mode: oneOf("constant", "reflect", "symmetric", "edge"), value: real },
  quantization: { kind: "same", inputs: ["x"], rounds: true },
  check: [
    [
      "before and after have one entry for each axis of x",
      ({ x }, { before, after }) => before.length === x.type.shape.length && after.length === x.type.shape.length,
    ],
    [
      "no axis is extended by more than its mode can give",
      ({ x }, { before, after, mode }) =>
        x.type.shape.every(
          (size, axis) =>
            typeof size === "string" || Math.max(before[axis], after[axis]) <= Math.max(0, reach[mode](size)),
        ),
    ],
  ],
  infer: ({ x }, { before, after }) => ({
    dtype: x.type.dtype,
    shape: x.type.shape.map((size, axis) => addDimensions(size, before[axis] + after[axis])),
  }),
  transposed: (_, { before, after, ...rest }, permutation) => ({
    attributes: { before: permute(before, permutation), after: permute(after, permutation), ...rest },
    inputs: [permutation],
    outputs: [permutation],
  }),
  widened: ({ before, after, ...rest }, axis) => ({
    before: longer(before, axis, 0),
    after: longer(after, axis, 0),
    ...rest,
  }),
  sliced({ x }, { before, after, mode, ...rest }, { axis, start, end }) {
    const size = x.type.shape[axis];
    const isConstant = mode === "constant" || before[axis] + after[axis] === 0;
    if (!isConstant || typeof size !== "number") return undefined;
    const [first, last] = [start - before[axis], end - before[axis]];
    const read = { axis, start: Math.max(0, first), end: Math.min(size, last) };
    if (read.start >= read.end) return undefined;
    const own = { before: before.with(axis, read.start - first), after: after.with(axis, last - read.end) };
    return { attributes: { ...own, mode, ...rest }, inputs: [read] };
  },
  evaluate({ x }, { before, mode, value }, [output]) {
    const lists = x.shape.map((size, axis) =>
      Int32Array.from({ length: output.shape[axis] as number }, (_, index) =>
        sources[mode](index - before[axis], size),
      ),
    );
    return pick(x, lists, value);
  },
  samples: [
    {
      name: "a constant",
      attributes: { before: [0, 1], after: [1, 0], mode: "constant", value: 9 },
      inputs: [f32([[1, 2]])],
      outputs: [
        f32([
          [9, 1, 2],
          [9, 9, 9],
        ]),
      ],
    },
    {
      name: "reflected",
      attributes: { before: [2], after: [1], mode: "reflect", value: 0 },
      inputs: [i32([1, 2, 3])],
      outputs: [i32([3, 2, 1, 2, 3, 2])],
    },
    {
      name: "mirrored with its border",
      attributes: { before: [2], after: [1], mode: "symmetric", value: 0 },
      inputs: [f32([1, 2, 3])],
      outputs: [f32([2, 1, 1, 2, 3, 3])],
    },
    {
      name: "edge",
      attributes: { before: [1, 0], after: [0, 2], mode: "edge", value: 0 },
      inputs: [f32([[1, 2]])],
      outputs: [
        f32([
          [1, 2, 2, 2],
          [1, 2, 2, 2],
        ]),
      ],
    },
  ],
});
