import { existsSync, readFileSync } from "node:fs";
import { folderFiles } from "@millrace/devices/node";
import { type Graph, numbersOf, type Tensor } from "@millrace/ir";
import { wasmEngine } from "@millrace/runtime";
import { exportOnnx } from "@millrace/targets/onnx";
import { feedsOf, load, modelInputs, openDataset, prepare, run } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { pathOf } from "../golden.ts";
import { fileEngine } from "./session.testing.ts";

const digits = new URL("../../../examples/digits/digits_int8_tf.tflite", import.meta.url).pathname;

/**
 * Networks with real samples, and by how many steps of 1/256 their result moves: layers differ by a step where their sums are halfway
 * between two, which adds up through the layers, and a softmax at the end makes more of it.
 */
const networks = [
  { name: "mlperf_tiny_models/ad01_int8", data: "mlperf_ad01", steps: 1 },
  { name: "mlperf_tiny_models/vww_96_int8", data: "mlperf_vww01", steps: 4 },
  { name: "mlperf_tiny_models/kws_ref_model", data: "mlperf_kws01", steps: 1 },
  { name: "mlperf_tiny_models/pretrainedResnet_quant", data: "mlperf_ic01", steps: 20 },
].filter(({ name }) => existsSync(pathOf(`assets/${name}.tflite`)));

function integers(path: string): Graph {
  const model = load({ name: "model.tflite", bytes: new Uint8Array(readFileSync(path)) });
  return prepare(model, { ioLayout: "source" }).graph;
}

/** Steps by which the results of the graph and of its ONNX file differ. */
async function stepsApart(graph: Graph, feeds: readonly ReadonlyMap<string, Tensor>[]): Promise<readonly number[]> {
  const engine = fileEngine(exportOnnx(graph).bytes);
  const found: number[] = [];
  for (const feed of feeds) {
    const [[ours], [theirs]] = [await run(graph, wasmEngine(), feed), await run(graph, engine, feed)].map((each) => [
      ...each.values(),
    ]);
    const expected = numbersOf(theirs);
    found.push(...Array.from(numbersOf(ours), (number, at) => Math.abs(number - expected[at])));
  }
  return found;
}

describe("an integer graph written as ONNX", () => {
  it("gives the same integers in onnxruntime for pictures of digits", async () => {
    const graph = integers(digits);
    const { name, type } = graph.inputs[0];
    const shape = type.shape as readonly number[];
    const feeds = Array.from({ length: 10 }, (_, digit) => {
      const data = Int8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => (at * (digit + 3)) % 251);
      return new Map([[name, { dtype: "i8", shape, data } as Tensor]]);
    });
    expect(Math.max(...(await stepsApart(graph, feeds)))).toBeLessThanOrEqual(1);
  });

  it.each(networks)(
    "gives results of $name within $steps steps",
    { timeout: 120_000 },
    async ({ name, data, steps }) => {
      const graph = integers(pathOf(`assets/${name}.tflite`));
      const dataset = await openDataset(folderFiles(pathOf(`assets/datasets/${data}`)));
      const samples = await Promise.all(
        [0, 1, 2, 3, 4, 5, 6, 7].map(async (index) => (await dataset.feeds(index, modelInputs(graph)))[0]),
      );
      const apart = await stepsApart(
        graph,
        samples.map((sample) => feedsOf(graph, sample)),
      );
      console.log(
        `${name}: ${apart.filter((step) => step > 0).length} of ${apart.length} differ, by ${Math.max(...apart)}`,
      );
      expect(Math.max(...apart)).toBeLessThanOrEqual(steps);
    },
  );
});
