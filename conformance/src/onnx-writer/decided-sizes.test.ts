import { numbersOf, parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { exportOnnx } from "@millrace/targets/onnx";
import { load, run } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { picking, signs, suppressing } from "../decided-sizes.testing.ts";
import { openOnnxFile } from "../onnx-file.ts";

const networks = [
  {
    name: "elements where a condition holds, their places and how many there are",
    text: `${picking}
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
    text: `${suppressing}
    output indices
    output chosen
    output count`,
  },
];

describe("a graph in which data decides sizes, written as ONNX", () => {
  it.each(networks)("gives the same in onnxruntime and when read back: $name", async ({ text }) => {
    const graph = parseGraph(text, operators);
    const { bytes } = exportOnnx(graph);
    const session = await openOnnxFile(bytes);
    const { graph: again } = load({ name: "written.onnx", bytes });
    for (const x of signs) {
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
