import type { Attributes, Value } from "@millrace/ir";
import { gather, nearestElements, resize } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { imageSizeOf, pixelPicksOf } from "./pixel-picks.ts";
import { rewrite } from "./rewrite.ts";

interface Found {
  readonly x: Value;
  readonly attributes: Attributes;
}

/** The two ways in which PyTorch chooses the nearest element. */
const kinds = [
  { coordinates: "asymmetric", nearestRounding: "floor" },
  { coordinates: "halfPixel", nearestRounding: "roundPreferCeil" },
] as const;

/** Makes one operator of picked rows and columns that enlarge images, as core ATen of some versions writes it. */
export const recognizeNearestResizes = rewrite<Found>("recognize-nearest-resizes", {
  roots: [gather],
  find(node) {
    const picks = pixelPicksOf(node.outputs[0]);
    if (picks === undefined) return undefined;
    const { x, rows, columns } = picks;
    const [height, width] = imageSizeOf(picks);
    if (rows.length * columns.length <= height * width) return undefined;
    const isOf = ({ coordinates, nearestRounding }: (typeof kinds)[number], picked: Int32Array, size: number) =>
      nearestElements(coordinates, nearestRounding, size, picked.length).every((at, index) => at === picked[index]);
    const kind = kinds.find((each) => isOf(each, rows, height) && isOf(each, columns, width));
    const size = [rows.length, columns.length];
    return kind && { x, attributes: { mode: "nearest", size, ...kind, layout: "first" } };
  },
  replace({ x, attributes }, node, graph) {
    replaceNode(graph, node, { op: resize, inputs: [x], attributes });
  },
  examples: [
    {
      name: "rows and columns twice each",
      before: `
        input x: f32[1,2,1,2]
        constant rows: i64[2] = [0, 0]
        constant columns: i64[4] = [0, 0, 1, 1]
        tall: f32[1,2,2,2] = gather(x, rows) {axis=2}
        y: f32[1,2,2,4] = gather(tall, columns) {axis=3}
        output y`,
      after: `
        input x: f32[1,2,1,2]
        y: f32[1,2,2,4] = resize(x) {mode=nearest, size=[2,4], coordinates=asymmetric, nearestRounding=floor, layout=first}
        output y`,
    },
    {
      name: "columns in another order",
      before: `
        input x: f32[1,2,1,2]
        constant rows: i64[2] = [0, 0]
        constant columns: i64[4] = [0, 1, 0, 1]
        tall: f32[1,2,2,2] = gather(x, rows) {axis=2}
        y: f32[1,2,2,4] = gather(tall, columns) {axis=3}
        output y`,
    },
  ],
});
