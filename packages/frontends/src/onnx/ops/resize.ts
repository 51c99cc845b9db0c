import { type Attributes, type Dimension, isFloat, type Shape, type Value } from "@millrace/ir";
import { resize } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { type AxisSampling, type Filter, type Mode, resampled } from "./resampling.ts";
import { linearLike, nearestLike, type Place, places, type Rounding, type Sampling } from "./sampling.ts";
import { reshaped } from "./weights.ts";

/** Longest result; positions are compared one by one. */
const maximumLength = 2 ** 16;

const modes: ReadonlyMap<string, Mode> = new Map([
  ["nearest", "nearest"],
  ["linear", "linear"],
  ["bilinear", "linear"],
  ["cubic", "cubic"],
]);

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
  /** Undefined stands for the whole axis. */
  readonly region?: readonly [number, number];
}

/** How the source samples; `extrapolation` is what it gives outside the data, where that is not the data's edge. */
interface Choice {
  readonly place: Place;
  readonly rounding: Rounding;
  readonly filter: Omit<Filter, "mode">;
  readonly extrapolation?: number;
}

function resizing(node: SourceNode): Value {
  const { attributes } = node;
  if (node.opset < 11) return legacyResizing(node, node.numbers(1));
  const transformation = attributes.text("coordinate_transformation_mode", "half_pixel");
  const place =
    places.get(transformation) ?? unknownChoice(node, "coordinate_transformation_mode", transformation, places);
  const nearestMode = attributes.text("nearest_mode", "round_prefer_floor");
  const rounding = nearestModes.get(nearestMode) ?? unknownChoice(node, "nearest_mode", nearestMode, nearestModes);
  const isCropped = transformation === "tf_crop_and_resize";
  const filter = {
    coefficient: attributes.real("cubic_coeff_a", -0.75),
    excludesOutside: attributes.flag("exclude_outside", false),
    antialias: attributes.flag("antialias", false),
  };
  const extrapolation = attributes.real("extrapolation_value", 0);
  const choice = { place, rounding, filter, ...(isCropped && { extrapolation }) };
  return resized(node, isCropped ? regionsOf(node, targetsOf(node)) : targetsOf(node), choice);
}

function unknownChoice(node: SourceNode, name: string, value: string, known: ReadonlyMap<string, unknown>): never {
  return node.unsupported(`${name} is ${value}`, `Use one of ${[...known.keys()].join(", ")}.`);
}

/** Where along each axis the region of input 1 lies, as shares of the axis. */
function regionsOf(node: SourceNode, targets: readonly Target[]): readonly Target[] {
  const axes = axesOf(node);
  const numbers = node.numbers(1);
  if (numbers.length !== 2 * axes.length) node.invalid(`roi has ${numbers.length} entries for ${axes.length} axes`);
  return targets.map((target, axis) => {
    const at = axes.indexOf(axis);
    return at < 0 ? target : { ...target, region: [numbers[at], numbers[at + axes.length]] };
  });
}

function axesOf(node: SourceNode): readonly number[] {
  const { length } = node.shape(0);
  return node.attributes.integers("axes")?.map((axis) => node.axis(axis, length)) ?? [...node.shape(0).keys()];
}

/** Before opset 11, data is stretched from its first element on. */
function legacyResizing(node: SourceNode, scales: readonly number[]): Value {
  const targets = scaledTargets(node, scales, [...node.shape(0).keys()]);
  if (scales.some((scale) => scale < 1 && !Number.isInteger(1 / scale)))
    node.unsupported(
      `scales is [${scales}]`,
      "Export the model with opset 11 or later, which says which elements are left out.",
    );
  const filter = { coefficient: -0.75, excludesOutside: false, antialias: false };
  return resized(node, targets, { place: places.get("asymmetric")!, rounding: "floor", filter });
}

function upsampling(node: SourceNode): Value {
  return legacyResizing(node, node.opset < 9 ? (node.attributes.reals("scales") ?? []) : node.numbers(1));
}

/** What inputs 2 (scales) or 3 (sizes) ask of every axis. */
function targetsOf(node: SourceNode): readonly Target[] {
  const shape = node.shape(0);
  const axes = axesOf(node);
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

/** A 4-axis view of the data in which only height and width change; `axes` are those of the source, none for an added height of 1. */
interface View {
  readonly shape: Shape;
  readonly layout: "first" | "last";
  readonly axes: readonly (number | undefined)[];
}

/** Undefined where other axes change. */
function viewOf(shape: Shape, changed: readonly number[]): View | undefined {
  const within = (...axes: readonly number[]) => changed.every((axis) => axes.includes(axis));
  const [batch, second, third] = shape;
  if (shape.length === 4 && within(2, 3)) return { shape, layout: "first", axes: [2, 3] };
  if (shape.length === 4 && within(1, 2)) return { shape, layout: "last", axes: [1, 2] };
  if (shape.length === 3 && within(2))
    return { shape: [batch, second, 1, third], layout: "first", axes: [undefined, 2] };
  if (shape.length === 3 && within(1))
    return { shape: [batch, 1, second, third], layout: "last", axes: [undefined, 1] };
  return undefined;
}

function resized(node: SourceNode, targets: readonly Target[], choice: Choice): Value {
  const name = node.attributes.text("mode", "nearest");
  const mode = modes.get(name) ?? unknownChoice(node, "mode", name, modes);
  const x = node.input(0);
  const { shape } = x.type;
  const samplings = targets.flatMap((target, axis): AxisSampling[] => {
    const { size, scale = 1, region = whole } = target;
    const stays = size === shape[axis] && scale === 1 && region.join() === whole.join();
    return stays ? [] : [{ axis, ...samplingOf(node, shape[axis], target) }];
  });
  if (samplings.length === 0) return x;
  return asImages(node, mode, samplings, targets, choice) ?? resampled(node, x, samplings, { ...choice, mode });
}

/** A resize that samples as the source does; undefined if there is none. */
function asImages(
  node: SourceNode,
  mode: Mode,
  samplings: readonly AxisSampling[],
  targets: readonly Target[],
  { place, rounding, filter, extrapolation }: Choice,
): Value | undefined {
  const x = node.input(0);
  const shrinks = samplings.some(({ scale }) => scale < 1);
  const view = viewOf(
    x.type.shape,
    samplings.map(({ axis }) => axis),
  );
  if (view === undefined || extrapolation !== undefined || (filter.antialias && shrinks)) return undefined;
  const plane = view.axes.map(
    (axis): Sampling => samplings.find((sampling) => sampling.axis === axis) ?? unchanged(axis, x.type.shape),
  );
  const size = plane.map(({ to }) => to);
  const emit = (attributes: Attributes) => {
    const images = reshaped(node, x, view.shape);
    const result = node.compute(resize, [images], { ...attributes, size, layout: view.layout });
    return reshaped(
      node,
      result,
      targets.map((target) => target.size),
    );
  };
  if (mode === "nearest") {
    const like = nearestLike(place, rounding, plane);
    return like && emit({ mode, coordinates: like[0], nearestRounding: like[1] });
  }
  if (mode === "cubic" || filter.excludesOutside || !isFloat(x.type.dtype)) return undefined;
  const coordinates = linearLike(place, plane);
  return coordinates && emit({ mode: "bilinear", coordinates, nearestRounding: "floor" });
}

const whole = [0, 1] as const;

function unchanged(axis: number | undefined, shape: Shape): Sampling {
  const size = axis === undefined ? 1 : (shape[axis] as number);
  return { from: size, to: size, scale: 1, region: whole };
}

function samplingOf(node: SourceNode, from: Dimension, { size: to, scale, region = whole }: Target): Sampling {
  if (typeof from === "string" || typeof to === "string")
    return node.unsupported(`it resizes ${from} to ${to}, which are open`, "Give the sizes of the model's inputs.");
  if (from < 1 || to < 1 || to > maximumLength)
    return node.unsupported(`it resizes ${from} to ${to}`, `Resize to at most ${maximumLength}.`);
  return { from, to, scale: scale ?? to / from, region };
}

export const resizes: Readonly<Record<string, Importer>> = { Resize: resizing, Upsample: upsampling };
