import { elementCount, fromNumbers, type Value } from "@millrace/ir";
import { add, div, gather, matmul, mul, round, sub, transpose } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";
import { interpolated, type KernelName, type Outside, tapsAt } from "./interpolation.ts";
import { knownShape } from "./known-shape.ts";
import { reshaped } from "./weights.ts";

const modes: ReadonlyMap<string, KernelName> = new Map([
  ["nearest", "nearest"],
  ["bilinear", "linear"],
  ["linear", "linear"],
  ["bicubic", "cubic"],
  ["cubic", "cubic"],
]);

/**
 * Samples images at the points of a grid, whose coordinates go from -1 to 1 over the data and start with the last axis. The
 * nearest of two elements as near is the even one.
 */
function sampling(node: SourceNode): Value {
  const { attributes } = node;
  const [images, channels, ...sizes] = knownShape(node, node.shape(0));
  const [batch, ...spots] = knownShape(node, node.shape(1));
  const axes = spots.pop();
  if (axes !== sizes.length || batch !== images)
    node.invalid(`its grid has the shape [${node.shape(1)}], and its data [${node.shape(0)}]`);
  const name = attributes.text("mode", node.opset < 20 ? "bilinear" : "linear");
  const kernel = modes.get(name) ?? node.unsupported(`mode is ${name}`, `Use one of ${[...modes.keys()].join(", ")}.`);
  const outside = outsideOf(node);
  const count = elementCount(spots);
  const places = placesInGrid(node, sizes, images * count, outside.aligned);
  const whole = kernel === "nearest" ? formulaOf(node)(round, places) : places;
  node.reserve(16 * images * count);
  const numbers = Array.from({ length: images * count }, (_, at) => Math.floor(at / count));
  const image = node.constant(fromNumbers("i32", [images * count], numbers));
  const points = { x: node.input(0), image, places: whole };
  const samples = interpolated(node, tapsAt(node, points, kernel, outside));
  const byImage = reshaped(node, samples, [images, count, channels]);
  return reshaped(node, node.compute(transpose, [byImage], { permutation: [0, 2, 1] }), [images, channels, ...spots]);
}

function outsideOf(node: SourceNode): Outside {
  const mode = node.attributes.text("padding_mode", "zeros");
  const aligned = node.attributes.flag("align_corners", false);
  if (mode === "zeros" || mode === "border" || mode === "reflection") return { mode, aligned };
  return node.unsupported(`padding_mode is ${mode}`, "Use zeros, border or reflection.");
}

/** Places [points, axes] in elements, in the order of the data's axes. */
function placesInGrid(node: SourceNode, sizes: readonly number[], count: number, aligned: boolean): Value {
  const of = formulaOf(node);
  const perAxis = (dtype: "f32" | "i32", numbers: readonly number[]) =>
    node.constant(fromNumbers(dtype, [numbers.length], numbers));
  const order = perAxis(
    "i32",
    sizes.map((_, axis) => sizes.length - 1 - axis),
  );
  const grid = node.compute(gather, [reshaped(node, node.input(1), [count, sizes.length]), order], { axis: 1 });
  const shifted = of(add, grid, 1);
  if (aligned)
    return of(
      mul,
      of(div, shifted, 2),
      perAxis(
        "f32",
        sizes.map((size) => size - 1),
      ),
    );
  return of(div, of(sub, of(mul, shifted, perAxis("f32", sizes)), 1), 2);
}

/** The grid that affine maps [batch, axes, axes + 1] make of the coordinates of data with the sizes given. */
function affineGrid(node: SourceNode): Value {
  const [batch, , ...sizes] = node.numbers(1);
  const axes = sizes.length;
  if (sizes.some((size) => !(Number.isSafeInteger(size) && size > 0))) node.invalid(`its size is [${sizes}]`);
  const aligned = node.attributes.flag("align_corners", false);
  const count = elementCount(sizes);
  node.reserve(32 * count * (axes + 1));
  const lines = sizes.map((size) => Array.from({ length: size }, (_, at) => coordinate(at, size, aligned)));
  const points = lines.reduce<readonly (readonly number[])[]>(
    (starts, line) => starts.flatMap((start) => line.map((place) => [place, ...start])),
    [[1]],
  );
  const grid = node.constant(fromNumbers("f32", [1, count, axes + 1], points.flat()));
  const mapped = node.compute(matmul, [grid, node.input(0)], { transposeA: false, transposeB: true });
  return reshaped(node, mapped, [batch, ...sizes, axes]);
}

/** Coordinate of an element on an axis that goes from -1 to 1 between the centres of its ends if `aligned`, else between their edges. */
function coordinate(at: number, size: number, aligned: boolean): number {
  if (!aligned) return (2 * at + 1) / size - 1;
  return size === 1 ? 0 : (2 * at) / (size - 1) - 1;
}

/** Operators that sample data at places computed while the model runs. */
export const grids: Readonly<Record<string, Importer>> = { GridSample: sampling, AffineGrid: affineGrid };
