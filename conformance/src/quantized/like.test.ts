import { readFileSync } from "node:fs";
import { folderFiles } from "@millrace/devices/node";
import { referenceEngine, wasmEngine } from "@millrace/runtime";
import { compile, type Dataset, evaluate, type Graph, inspect, load, noData, openDataset } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { isShared, pathOf } from "../golden.ts";

const models = "assets/mlperf_tiny_models";
const networks = [
  { data: "ad01", float: `${models}/ad01_fp32.tflite`, given: `${models}/ad01_int8.tflite`, step: 8 },
  { data: "ad01", float: "fixtures/mlperf/ad01/ad.opset13.onnx", given: `${models}/ad01_int8.tflite`, step: 8 },
  {
    data: "ic01",
    float: `${models}/pretrainedResnet.tflite`,
    given: `${models}/pretrainedResnet_quant.tflite`,
    step: 1,
  },
  {
    data: "kws01",
    float: "fixtures/mlperf/kws_dscnn/kws.opset13.onnx",
    given: `${models}/kws_ref_model.tflite`,
    step: 2,
  },
  {
    data: "kws01",
    float: "fixtures/mlperf/kws_dscnn/kws.dynamo18.onnx",
    given: "fixtures/peers/kws_tf221_i16x8_b1.tflite",
    step: 8,
  },
  { data: "vww01", float: `${models}/vww_96_float.tflite`, given: `${models}/vww_96_int8.tflite`, step: 4 },
];

const sourceOf = (path: string) => ({
  name: path.replace(/^.*\//, ""),
  bytes: new Uint8Array(readFileSync(pathOf(path))),
});

/** A file quantized like another, without samples. */
async function quantizedLike(float: string, given: string) {
  const { outputs, report } = await compile(sourceOf(float), noData, {
    likeModel: sourceOf(given),
    floatEngine: referenceEngine(),
    measure: false,
  });
  return { model: load({ name: "made.tflite", bytes: outputs[0].bytes }), report };
}

/** Every sample that is a multiple of `step`. */
async function dataOf(name: string, step: number): Promise<Dataset> {
  const data = await openDataset(folderFiles(pathOf(`assets/datasets/mlperf_${name}`)));
  return { ...data, split: { ...data.split, test: data.split.test.filter((sample) => sample % step === 0) } };
}

describe.skipIf(!isShared)("float networks quantized like the integer files of the same networks", () => {
  it.each(networks)(
    "$float like $given: the same inputs and outputs, and its accuracy",
    { timeout: 300_000 },
    async ({ data, float, given, step }) => {
      const { model, report } = await quantizedLike(float, given);
      const twin = load(sourceOf(given));
      const boundary = ({ inputs, outputs }: ReturnType<typeof inspect>) =>
        [...inputs, ...outputs].map(({ name: _, ...type }) => type);
      expect(boundary(inspect(model))).toEqual(boundary(inspect(twin)));
      expect(report.quantization?.like?.others).toEqual([]);
      const samples = await dataOf(data, step);
      const accuracyOf = async (graph: Graph) => (await evaluate({ graph, engine: wasmEngine() }, samples)).value;
      const [ours, theirs] = [await accuracyOf(model.graph), await accuracyOf(twin.graph)];
      console.log(`${data}: ${ours} ours, ${theirs} the given file's`);
      expect(ours).toBeGreaterThanOrEqual(theirs - 0.015);
    },
  );

  it("refuses a float network of another architecture, and says where they differ", async () => {
    const [{ float }, , { given }] = networks;
    const refused = quantizedLike(float, given);
    await expect(refused).rejects.toThrow(/another architecture than pretrainedResnet_quant: 0 of its 10/);
    await expect(refused).rejects.toMatchObject({
      diagnostics: [
        { code: "like.other-interface", message: expect.stringContaining("[1,640]") },
        { code: "like.other-interface" },
        { code: "like.other-architecture" },
      ],
    });
  });
});
