import { existsSync, readFileSync } from "node:fs";
import { folderFiles } from "@millrace/devices/node";
import { type Graph, numbersOf, type Tensor } from "@millrace/ir";
import { wasmEngine } from "@millrace/runtime";
import { exportOnnx } from "@millrace/targets/onnx";
import { feedsOf, load, modelInputs, openDataset, prepare, run } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { pathOf } from "../golden.ts";
import { fileEngine } from "../onnx-file.ts";

const digits = new URL("../../../examples/digits/digits_int8_tf.tflite", import.meta.url).pathname;

/**
 * Networks with real samples, and by how many steps of 1/256 their result is off. TFLite's reference rounds a product twice, which
 * a softmax at the end makes more of. Rounded once, as its build for single rounding does, a layer gives onnxruntime's integers
 * unless a sum is about halfway between two. Besides that, TFLite rounds the operands of ResNet8's three ADDs before it adds them.
 */
const networks = [
  { name: "mlperf_tiny_models/ad01_int8", data: "mlperf_ad01", double: 0, single: 0 },
  { name: "mlperf_tiny_models/vww_96_int8", data: "mlperf_vww01", double: 4, single: 2 },
  { name: "mlperf_tiny_models/kws_ref_model", data: "mlperf_kws01", double: 1, single: 0 },
  { name: "mlperf_tiny_models/pretrainedResnet_quant", data: "mlperf_ic01", double: 20, single: 3 },
].filter(({ name }) => existsSync(pathOf(`assets/${name}.tflite`)));

const roundings = ["double", "single"] as const;
type Rounding = (typeof roundings)[number];

function integers(path: string): Graph {
  const model = load({ name: "model.tflite", bytes: new Uint8Array(readFileSync(path)) });
  return prepare(model, { ioLayout: "source" }).graph;
}

/** Steps by which the results of the graph and of its ONNX file, which onnxruntime runs as it is written, differ. */
async function stepsApart(
  graph: Graph,
  feeds: readonly ReadonlyMap<string, Tensor>[],
  rounding: Rounding,
): Promise<readonly number[]> {
  const engine = fileEngine(exportOnnx(graph).bytes, "disabled");
  const found: number[] = [];
  for (const feed of feeds) {
    const [[ours], [theirs]] = [await run(graph, wasmEngine({ rounding }), feed), await run(graph, engine, feed)].map(
      (each) => [...each.values()],
    );
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
    expect(Math.max(...(await stepsApart(graph, feeds, "double")))).toBeLessThanOrEqual(1);
  });

  describe.each(networks)("of $name", ({ name, data, ...steps }) => {
    it.each(roundings)("gives its results when products are rounded %s", { timeout: 120_000 }, async (rounding) => {
      const graph = integers(pathOf(`assets/${name}.tflite`));
      const dataset = await openDataset(folderFiles(pathOf(`assets/datasets/${data}`)));
      const samples = await Promise.all(
        [0, 1, 2, 3, 4, 5, 6, 7].map(async (index) => (await dataset.feeds(index, modelInputs(graph)))[0]),
      );
      const apart = await stepsApart(
        graph,
        samples.map((sample) => feedsOf(graph, sample)),
        rounding,
      );
      const most = Math.max(...apart);
      console.log(
        `${name}, ${rounding}: ${apart.filter((step) => step > 0).length} of ${apart.length} differ, by ${most}`,
      );
      expect(most).toBeLessThanOrEqual(steps[rounding]);
    });
  });
});
