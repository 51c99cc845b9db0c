import type { Attributes, AxisRange, Sliced, Value } from "@millrace/ir";
import type { Layout } from "./attributes.ts";
import { spatialAxes } from "./window.ts";

/** For operators that look at each element, or at elements at the same place of inputs that broadcast: a part of the result is made of that part of each. */
export function slicedAlike(
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
  { axis, ...indices }: AxisRange,
): Sliced {
  const ranks = inputs.map((value) => value?.type.shape.length ?? 0);
  const missing = ranks.map((rank) => Math.max(...ranks) - rank);
  return {
    attributes,
    inputs: inputs.map((value, index) => {
      const own = axis - missing[index];
      return value === undefined || own < 0 || value.type.shape[own] === 1 ? undefined : { axis: own, ...indices };
    }),
  };
}

/** For operators that treat every index alike of all axes but one. */
export function slicedAcross<A extends Attributes & { readonly axis: number }>(
  inputs: readonly (Value | undefined)[],
  attributes: A,
  range: AxisRange,
): Sliced | undefined {
  return range.axis === attributes.axis ? undefined : slicedAlike(inputs, attributes, range);
}

interface Window {
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly layout: Layout;
}

/**
 * For windows of size `kernel` that slide over the first of `inputs`, images: some rows, columns or samples are made of those that their windows reach, with the
 * padding that these windows have. Undefined for channels, and where there is nothing but padding.
 */
export function slicedWindow<A extends Attributes & Window>(
  inputs: readonly (Value | undefined)[],
  attributes: A,
  { kernel, dilation }: { readonly kernel: readonly number[]; readonly dilation: readonly number[] },
  range: AxisRange,
): Sliced | undefined {
  const [x, ...others] = inputs;
  const { axis, start, end } = range;
  const { stride, padding, layout } = attributes;
  const { height, channels } = spatialAxes(layout);
  const size = x?.type.shape[axis];
  if (axis === channels || typeof size !== "number") return undefined;
  const whole = others.map(() => undefined);
  if (axis === 0) return { attributes, inputs: [range, ...whole] };
  const side = axis === height ? 0 : 1;
  const first = start * stride[side] - padding[side];
  const last = (end - 1) * stride[side] - padding[side] + dilation[side] * (kernel[side] - 1) + 1;
  const read = { axis, start: Math.max(0, first), end: Math.min(size, last) };
  if (read.start >= read.end) return undefined;
  const own = padding.with(side, read.start - first).with(side + 2, last - read.end);
  return { attributes: { ...attributes, padding: own }, inputs: [read, ...whole] };
}
