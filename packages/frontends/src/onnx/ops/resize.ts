import type { Dimension, Shape, Value } from "@millrace/ir";
import { resize } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { linearLike, nearestLike, type Place, places, type Rounding, type Sampling } from "./sampling.ts";
import { reshaped } from "./weights.ts";

/** Longest result; positions are compared one by one. */
const maximumLength = 2 ** 16;

const nearestModes: ReadonlyMap<string, Rounding> = new Map([
  ["floor", "floor"],
  ["ceil", "ceil"],
  ["round_prefer_floor", "roundPreferFloor"],
  ["round_prefer_ceil", "roundPreferCeil"],
]);

/** What the source asks of one axis. */
interface Target {
  readonly size: Dimension;
  /** Undefined stands for the ratio of the sizes. */
  readonly scale?: number;
}

function resizing(node: SourceNode): Value {
  const { attributes } = node;
  if (node.opset < 11) return legacyResizing(node, node.numbers(1));
  attributes.ignore("cubic_coeff_a", "exclude_outside", "extrapolation_value");
  const transformation = attributes.text("coordinate_transformation_mode", "half_pixel");
  const place = places.get(transformation);
  if (place === undefined)
    return node.unsupported(
      `coordinate_transformation_mode is ${transformation}`,
      `Use one of ${[...places.keys()].join(", ")}.`,
    );
  const nearestMode = attributes.text("nearest_mode", "round_prefer_floor");
  const rounding =
    nearestModes.get(nearestMode) ?? node.unsupported(`nearest_mode is ${nearestMode}`, "Use floor or ceil.");
  const targets = targetsOf(node);
  if (
    attributes.flag("antialias", false) &&
    targets.some(({ size, scale }, axis) => shrinks(node.shape(0)[axis], size, scale))
  )
    node.unsupported("antialias is 1 and the data becomes smaller", "Use antialias 0, or average the data before.");
  return resized(node, targets, place, rounding);
}

/** Before opset 11, data is stretched from its first element on. */
function legacyResizing(node: SourceNode, scales: readonly number[]): Value {
  const targets = scaledTargets(node, scales, [...node.shape(0).keys()]);
  if (scales.some((scale) => scale < 1 && !Number.isInteger(1 / scale)))
    node.unsupported(
      `scales is [${scales}]`,
      "Export the model with opset 11 or later, which says which elements are left out.",
    );
  return resized(node, targets, places.get("asymmetric")!, "floor");
}

function upsampling(node: SourceNode): Value {
  return legacyResizing(node, node.opset < 9 ? (node.attributes.reals("scales") ?? []) : node.numbers(1));
}

/** What inputs 2 (scales) or 3 (sizes) ask of every axis. */
function targetsOf(node: SourceNode): readonly Target[] {
  const shape = node.shape(0);
  const axes = node.attributes.integers("axes")?.map((axis) => node.axis(axis, shape.length)) ?? [...shape.keys()];
  const policy = node.attributes.text("keep_aspect_ratio_policy", "stretch");
  const scales = node.has(2) ? node.numbers(2) : [];
  if (scales.length > 0) return scaledTargets(node, scales, axes);
  const sizes = node.sizes(3);
  if (sizes.length !== axes.length) node.invalid(`sizes has ${sizes.length} entries for ${axes.length} axes`);
  const scale = policy === "stretch" ? undefined : commonScale(node, policy, axes, sizes);
  return shape.map((size, axis): Target => {
    const at = axes.indexOf(axis);
    if (at < 0) return { size };
    return scale === undefined ? { size: sizes[at] } : { size: Math.floor((size as number) * scale + 0.5), scale };
  });
}

function scaledTargets(node: SourceNode, scales: readonly number[], axes: readonly number[]): readonly Target[] {
  if (scales.length !== axes.length) node.invalid(`scales has ${scales.length} entries for ${axes.length} axes`);
  return node.shape(0).map((size, axis): Target => {
    const scale = scales[axes.indexOf(axis)] ?? 1;
    if (scale === 1) return { size };
    if (typeof size === "string")
      return node.unsupported(`the size ${size} it scales is open`, `Give the size of ${size}.`);
    return { size: Math.floor(Math.fround(size * scale)), scale };
  });
}

/** The one scale that keeps proportions and fits inside (not_larger) or around (not_smaller) the sizes. */
function commonScale(node: SourceNode, policy: string, axes: readonly number[], sizes: readonly Dimension[]): number {
  const ratios = axes.map((axis, at) => Number(sizes[at]) / Number(node.shape(0)[axis]));
  if (ratios.some((ratio) => !(ratio > 0)))
    node.unsupported("it keeps proportions of open sizes", "Give the sizes of the data.");
  if (policy === "not_larger") return Math.min(...ratios);
  if (policy === "not_smaller") return Math.max(...ratios);
  return node.unsupported(`keep_aspect_ratio_policy is ${policy}`, "Use stretch, not_larger or not_smaller.");
}

function shrinks(from: Dimension, to: Dimension, scale: number | undefined): boolean {
  return scale === undefined ? typeof from === "number" && typeof to === "number" && to < from : scale < 1;
}

/** A 4-axis view of the data in which only height and width change; `axes` are those of the source, none for an added height of 1. */
interface View {
  readonly shape: Shape;
  readonly layout: "first" | "last";
  readonly axes: readonly (number | undefined)[];
}

function viewOf(node: SourceNode, shape: Shape, changed: readonly number[]): View {
  const within = (...axes: readonly number[]) => changed.every((axis) => axes.includes(axis));
  const [batch, second, third] = shape;
  if (shape.length === 4 && within(2, 3)) return { shape, layout: "first", axes: [2, 3] };
  if (shape.length === 4 && within(1, 2)) return { shape, layout: "last", axes: [1, 2] };
  if (shape.length === 3 && within(2))
    return { shape: [batch, second, 1, third], layout: "first", axes: [undefined, 2] };
  if (shape.length === 3 && within(1))
    return { shape: [batch, 1, second, third], layout: "last", axes: [undefined, 1] };
  return node.unsupported(
    `it resizes axes ${changed} of ${shape.length}`,
    "Resize the height and width of images only.",
  );
}

function resized(node: SourceNode, targets: readonly Target[], place: Place, rounding: Rounding): Value {
  const mode = node.attributes.text("mode", "nearest");
  const x = node.input(0);
  const { shape } = x.type;
  const changed = targets.flatMap(({ size, scale = 1 }, axis) => (size === shape[axis] && scale === 1 ? [] : [axis]));
  if (changed.length === 0) return x;
  const view = viewOf(node, shape, changed);
  const samplings = view.axes.map((axis) =>
    axis === undefined ? { from: 1, to: 1, scale: 1 } : samplingOf(node, shape[axis], targets[axis]),
  );
  const choice = chosen(node, mode, place, rounding, samplings);
  const size = samplings.map(({ to }) => to);
  const result = node.compute(resize, [reshaped(node, x, view.shape)], { ...choice, size, layout: view.layout });
  return reshaped(
    node,
    result,
    targets.map((target) => target.size),
  );
}

function samplingOf(node: SourceNode, from: Dimension, { size: to, scale }: Target): Sampling {
  if (typeof from === "string" || typeof to === "string")
    return node.unsupported(`it resizes ${from} to ${to}, which are open`, "Give the sizes of the model's inputs.");
  if (from < 1 || to < 1 || to > maximumLength)
    return node.unsupported(`it resizes ${from} to ${to}`, `Resize to at most ${maximumLength}.`);
  return { from, to, scale: scale ?? to / from };
}

/** The attributes of a resize that samples as the source does. */
function chosen(node: SourceNode, mode: string, place: Place, rounding: Rounding, samplings: readonly Sampling[]) {
  if (mode === "nearest") {
    const [coordinates, nearestRounding] = nearestLike(place, rounding, samplings) ?? refuseSampling(node);
    return { mode: "nearest", coordinates, nearestRounding };
  }
  if (mode !== "linear" && mode !== "bilinear") return node.unsupported(`mode is ${mode}`, "Use nearest or linear.");
  const coordinates = linearLike(place, samplings) ?? refuseSampling(node);
  return { mode: "bilinear", coordinates, nearestRounding: "floor" };
}

function refuseSampling(node: SourceNode): never {
  return node.unsupported(
    "its coordinates are not those of half pixels, aligned corners or plain ratios of the sizes",
    "Use coordinate_transformation_mode half_pixel, and sizes or scales that make whole sizes.",
  );
}

export const resizes: Readonly<Record<string, Importer>> = { Resize: resizing, Upsample: upsampling };
