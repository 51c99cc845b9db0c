import { fromNumbers, numbersOf, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { exportOnnx } from "@millrace/targets/onnx";
import { load, run } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { openOnnxFile } from "../onnx-file.ts";

const networks = [
  {
    name: "elements where a condition holds, their places and how many there are",
    text: `graph picking
    input x: f32[4,3]
    constant zero: f32[] = [0]
    condition: bool[4,3] = greater(x, zero)
    places: i64[K,2] = where(condition) {shape=[K,2]}
    picked: f32[K] = gatherNd(x, places)
    size: i64[1] = shapeOf(places) {start=0, end=1}
    output picked
    output places
    output size`,
  },
  {
    name: "quotients and remainders of places",
    text: `graph remainders
    input x: f32[4,3]
    flat: f32[12] = reshape(x) {shape=[12]}
    constant zero: f32[] = [0]
    condition: bool[12] = greater(flat, zero)
    places: i64[K,1] = where(condition) {shape=[K,1]}
    constant five: i64[1,1] = [5]
    constant negative: i64[1,2] = [3,-3]
    around: i64[K,1] = sub(places, five) {activation=none}
    quotients: i64[K,2] = floorDiv(around, negative)
    remainders: i64[K,2] = floorMod(around, negative)
    output quotients
    output remainders`,
  },
  {
    name: "boxes that overlap no better one",
    text: `graph suppressing
    input x: f32[4,3]
    flat: f32[12] = reshape(x) {shape=[12]}
    constant boxes: f32[12,4] = [${Array.from({ length: 12 }, (_, at) => [at % 3, at % 2, (at % 3) + 2, 1.5 + at / 4])}]
    constant overlap: f32[] = [0.4]
    constant least: f32[] = [-4]
    indices: i32[5], chosen: f32[5], count: i32[] = nonMaxSuppression(boxes, flat, overlap, least) {most=5}
    output indices
    output chosen
    output count`,
  },
];

const feeds = [
  [0.5, -1, 2, -3, 4, -5, 6, -7, -8, 9, -1.5, -2],
  [-1, -1.5, 2, -3, -4, -5, -6, -7, -8, -9, -0.5, -2],
].map((numbers) => fromNumbers("f32", [4, 3], numbers));

describe("a graph in which data decides sizes, written as ONNX", () => {
  it.each(networks)("gives the same in onnxruntime and when read back: $name", async ({ text }) => {
    const graph = parseGraph(text, operators);
    const { bytes } = exportOnnx(graph);
    const session = await openOnnxFile(bytes);
    const { graph: again } = load({ name: "written.onnx", bytes });
    for (const x of feeds) {
      const expected = [...(await run(graph, referenceEngine(), new Map([["x", x]]))).values()];
      const results = [
        await session.run([x]),
        [...(await run(again, referenceEngine(), new Map([["0", x]]))).values()],
      ];
      for (const actual of results) {
        expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
        expect(actual.map((tensor) => Array.from(numbersOf(tensor)))).toEqual(
          expected.map((tensor) => Array.from(numbersOf(tensor))),
        );
      }
    }
    await session.release();
  });
});
