import {
  broadcastShapes,
  type Dimension,
  divideDimensions,
  elementCount,
  fromNumbers,
  isStatic,
  multiplyDimensions,
  type Shape,
  sameShape,
  type Value,
} from "@millrace/ir";
import { expand, reduceProd, shapeOf, tile } from "@millrace/ops";
import type { Sizes } from "../sizes.ts";
import type { Importer, SourceNode } from "../source-node.ts";
import { reshaped } from "./weights.ts";

function reshape(node: SourceNode): Value {
  const x = node.input(0);
  const keepZeros = node.attributes.flag("allowzero", false);
  return reshaped(node, x, resolvedShape(node, x.type.shape, node.sizes(1), keepZeros));
}

/** The shape with 0 (unless zeros are kept) replaced by the source's size, and -1 by what is left of its elements. */
function resolvedShape(node: SourceNode, source: Shape, target: Sizes, keepZeros: boolean): Shape {
  const sizes = target.map((size, axis) => {
    if (size !== 0 || keepZeros) return size;
    return source[axis] ?? node.invalid(`the shape copies size ${axis} of data with ${source.length} axes`);
  });
  const open = sizes.indexOf(-1);
  if (open < 0) return sizes;
  const others = elementCount(sizes.toSpliced(open, 1));
  const total = elementCount(source);
  if (sizes.lastIndexOf(-1) !== open || others === 0) node.invalid(`the shape [${target}] does not tell its open size`);
  if (typeof total === "number" && typeof others === "number" && total % others !== 0)
    node.invalid(`${total} elements can't have the shape [${target}]`);
  return sizes.with(open, divideDimensions(total, others));
}

function flatten(node: SourceNode): Value {
  const shape = node.shape(0);
  const given = node.attributes.integer("axis", 1);
  const axis = given === shape.length ? given : node.axis(given, shape.length);
  return reshaped(node, node.input(0), [elementCount(shape.slice(0, axis)), elementCount(shape.slice(axis))]);
}

/** Drops the axes given, or every axis of size 1. */
function squeeze(node: SourceNode): Value {
  const shape = node.shape(0);
  const axes = node.list("axes", 1, 13)?.map((axis) => node.axis(axis, shape.length));
  for (const axis of axes ?? [])
    if (typeof shape[axis] === "number" && shape[axis] !== 1)
      node.invalid(`axis ${axis} has size ${shape[axis]}, not 1`);
  return reshaped(
    node,
    node.input(0),
    shape.filter((size, axis) => (axes ? !axes.includes(axis) : size !== 1)),
  );
}

function unsqueeze(node: SourceNode): Value {
  const shape = node.shape(0);
  const given = node.list("axes", 1, 13) ?? node.invalid("it has no axes");
  const rank = shape.length + given.length;
  const axes = new Set(given.map((axis) => node.axis(axis, rank)));
  if (axes.size < given.length) node.invalid(`axes [${given}] has an axis twice`);
  const rest = shape.values();
  return reshaped(
    node,
    node.input(0),
    Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : rest.next().value!)),
  );
}

function expansion(node: SourceNode): Value {
  const [source, target] = [node.shape(0), node.sizes(1)];
  const shape = broadcastShapes(source, target) ?? node.invalid(`[${source}] and [${target}] do not broadcast`);
  return sameShape(shape, source) ? node.input(0) : node.compute(expand, [node.input(0)], { shape });
}

/** Axes that are repeated an open number of times have to be of size 1, and are expanded. */
function tiling(node: SourceNode): Value {
  const shape = node.shape(0);
  const repeats = node.sizes(1);
  if (repeats.length !== shape.length) node.invalid(`repeats has ${repeats.length} entries for ${shape.length} axes`);
  const open = repeats.findIndex((count, axis) => typeof count === "string" && shape[axis] !== 1);
  if (open >= 0)
    node.unsupported(
      `axis ${open} is repeated ${repeats[open]} times, which is open`,
      `Give the size of ${repeats[open]}.`,
    );
  const counts = repeats.map((count) => (typeof count === "string" ? 1 : count));
  const tiled = counts.every((count) => count === 1)
    ? node.input(0)
    : node.compute(tile, [node.input(0)], { repeats: counts });
  if (isStatic(repeats)) return tiled;
  return node.compute(expand, [tiled], {
    shape: tiled.type.shape.map((size, axis) => multiplyDimensions(size, repeats[axis])),
  });
}

/** The shape from axis start to end, which are clamped to the axes there are. */
function shape(node: SourceNode): Value {
  const rank = node.shape(0).length;
  const bound = (name: string, fallback: number) => {
    const given = node.attributes.integer(name, fallback);
    return Math.max(0, Math.min(rank, given < 0 ? given + rank : given));
  };
  const start = bound("start", 0);
  return node.compute(shapeOf, [node.input(0)], { start, end: Math.max(start, bound("end", rank)) });
}

function size(node: SourceNode): Value {
  const sizes = node.compute(shapeOf, [node.input(0)], { start: 0, end: node.shape(0).length });
  return node.compute(reduceProd, [sizes], { axes: [0], keepDims: false });
}

/** Does nothing at inference; the mask is all true. */
function dropout(node: SourceNode): readonly Value[] {
  node.attributes.ignore("ratio", "seed", "is_test");
  if (node.opset >= 12 && node.has(2) && node.tensor(2).data[0])
    node.unsupported("training_mode is true", "Export the model for inference.");
  const x = node.input(0);
  if (!node.wants(1)) return [x];
  const present = node.constant(fromNumbers("bool", [], [1]));
  return [x, node.compute(expand, [present], { shape: x.type.shape as readonly Dimension[] })];
}

/** Operators on the shape of data. */
export const shapes: Readonly<Record<string, Importer>> = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Expand: expansion,
  Tile: tiling,
  Shape: shape,
  Size: size,
  Identity: (node) => node.input(0),
  Dropout: dropout,
};
