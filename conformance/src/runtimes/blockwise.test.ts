import { createLiteRt, tfliteEngine } from "@millrace/devices/node";
import { elementCount, fromNumbers, Graph, numbersOf, type Tensor, type Value } from "@millrace/ir";
import { linear, reshape } from "@millrace/ops";
import { noCalibration, type QuantizeOptions, quantizeGraph } from "@millrace/quantize";
import { type Engine, referenceEngine } from "@millrace/runtime";
import { exportOnnx } from "@millrace/targets/onnx";
import { describe, expect, test } from "vitest";
import { fileEngine } from "../onnx-file.ts";
import { Random } from "../tensorflow/random.ts";

const random = new Random("blocks", 8);

function gaussian(...shape: readonly number[]): Tensor {
  return fromNumbers(
    "f32",
    shape,
    Float64Array.from({ length: elementCount(shape) }, () => 0.2 * random.gaussian()),
  );
}

/** Two layers on a matrix and one on a stack of them. */
function network(): Graph {
  const graph = new Graph("layers");
  const layer = (name: string, x: Value, [rows, depth]: readonly [number, number], activation: string) => {
    const inputs = [
      x,
      graph.addConstant(`${name}/w`, gaussian(rows, depth)),
      graph.addConstant(`${name}/b`, gaussian(rows)),
    ];
    return graph.addNode({ op: linear, inputs, attributes: { activation }, name }).outputs[0];
  };
  const x = graph.addInput("x", { dtype: "f32", shape: [6, 128] });
  const matrix = layer("second", layer("first", x, [64, 128], "relu"), [96, 64], "none");
  const stack = graph.addNode({ op: reshape, inputs: [matrix], attributes: { shape: [2, 3, 96] }, name: "stack" });
  graph.setOutputs([layer("third", stack.outputs[0], [40, 96], "relu6")]);
  return graph;
}

const float = network();
const feeds = new Map([["x", gaussian(6, 128)]]);

async function resultOf(engine: Engine, graph: Graph): Promise<ArrayLike<number>> {
  const prepared = await engine.prepare(graph);
  const results = await prepared.run(feeds);
  await prepared.dispose();
  return numbersOf(results.get(graph.outputs[0].name)!);
}

/** Signal to noise in dB. */
function agreement(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  let [signal, noise] = [0, 0];
  for (let at = 0; at < expected.length; at++) {
    signal += expected[at] ** 2;
    noise += (expected[at] - actual[at]) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

describe.each<[string, QuantizeOptions]>([
  ["a scale for each row", {}],
  ["blocks of 32", { block: 32 }],
  ["blocks of 64", { block: 64 }],
  ["blocks of 128", { block: 128 }],
])("int4 weights beside real data with %s", (_, options) => {
  const { graph } = quantizeGraph(float, noCalibration, { scheme: "dynamic-int4", ...options });

  test("give our numbers in LiteRT but for the order of sums", async () => {
    const ours = await resultOf(referenceEngine(), graph);
    expect(agreement(ours, await resultOf(tfliteEngine([createLiteRt]), graph))).toBeGreaterThan(110);
  });

  test("are as far from the real ones in onnxruntime, which leaves data real, as in our engine", async () => {
    const real = await resultOf(referenceEngine(), float);
    const ours = agreement(real, await resultOf(referenceEngine(), graph));
    const theirs = agreement(real, await resultOf(fileEngine(exportOnnx(graph).bytes), float));
    expect(ours).toBeGreaterThan(15);
    expect(Math.abs(theirs - ours)).toBeLessThan(0.5);
  });
});
