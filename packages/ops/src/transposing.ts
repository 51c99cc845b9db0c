import type { Attributes, Transposed, Value } from "@millrace/ir";
import type { Layout } from "./attributes.ts";

/** Every listed input and the only result move together with the data; attributes stay. */
export function alongside(inputCount: number, attributes: Attributes, permutation: readonly number[]): Transposed {
  return { attributes, inputs: new Array(inputCount).fill(permutation), outputs: [permutation] };
}

/**
 * Like `alongside` for broadcasting inputs: single elements stay as they are, lower ranks can't move unless constant.
 * The permutation has to name every axis of the result.
 */
export function broadcastAlongside(
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
  permutation: readonly number[],
): Transposed | undefined {
  if (inputs.some((value) => value !== undefined && value.type.shape.length > permutation.length)) return undefined;
  const moves = inputs.map((value) => {
    if (value === undefined || value.type.shape.every((size) => size === 1)) return undefined;
    return permutation;
  });
  const movable = inputs.every((value, index) => {
    if (value === undefined || moves[index] === undefined) return true;
    return value.type.shape.length === permutation.length || value.constant !== undefined;
  });
  return movable ? { attributes, inputs: moves, outputs: [permutation] } : undefined;
}

/** Where `axis` of the source is found after permuting. */
export function movedAxis(axis: number, permutation: readonly number[]): number {
  return permutation.indexOf(axis);
}

/** NCHW to NHWC. */
export const toChannelsLast = [0, 2, 3, 1] as const;
/** NHWC to NCHW. */
export const toChannelsFirst = [0, 3, 1, 2] as const;

/** The layout that `permutation` gives spatial data of `layout`, if it is a change of layout at all. */
export function flippedLayout(layout: Layout, permutation: readonly number[]): Layout | undefined {
  const expected = layout === "first" ? toChannelsLast : toChannelsFirst;
  if (permutation.length !== 4 || !expected.every((axis, index) => axis === permutation[index])) return undefined;
  return layout === "first" ? "last" : "first";
}

/** A node with a layout on data whose permutation is a change of that layout; undefined for any other permutation. */
export function flipLayout<A extends Attributes & { readonly layout: Layout }>(
  attributes: A,
  permutation: readonly number[],
): Transposed | undefined {
  const layout = flippedLayout(attributes.layout, permutation);
  return layout && { attributes: { ...attributes, layout }, inputs: [permutation], outputs: [permutation] };
}
