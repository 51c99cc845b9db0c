import { readFileSync } from "node:fs";
import { readOnnx } from "@millrace/formats/onnx";
import { elementCount, type Graph, numbersOf, type Tensor, tensorOf } from "@millrace/ir";
import { softmax } from "@millrace/ops";
import { calibrate, type QuantizeOptions, quantizeGraph } from "@millrace/quantize";
import { referenceEngine, wasmEngine } from "@millrace/runtime";
import { exportOnnx } from "@millrace/targets/onnx";
import { feedsOf, load, prepare, readNpy } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { isolateLayers } from "../../../packages/quantize/src/analysis/isolate.ts";
import { fileEngine } from "../onnx-file.ts";

const bytesOf = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../../../examples/digits/${name}`, import.meta.url)));

function floatGraph(): Graph {
  return prepare(load({ name: "digits.onnx", bytes: bytesOf("digits.onnx") }), { ioLayout: "source" }).graph;
}

/** The example's drawings, each as its network takes it. */
function drawings({ inputs: [{ name, type }] }: Graph): readonly ReadonlyMap<string, Tensor>[] {
  const shape = type.shape as readonly number[];
  const size = elementCount(shape);
  const all = readNpy(bytesOf("golden_in.npy")).data as Float32Array;
  return Array.from(
    { length: all.length / size },
    (_, at) => new Map([[name, tensorOf("f32", shape, all.slice(at * size, (at + 1) * size))]]),
  );
}

async function quantized(float: Graph, options: QuantizeOptions): Promise<Graph> {
  async function* samples() {
    yield* drawings(float);
  }
  return quantizeGraph(float, await calibrate(float, referenceEngine(), samples()), options).graph;
}

/** A graph that gives every integer result of `graph`, each layer reading what our engine gave in the whole of it: differences do not add up. */
async function layerByLayer(graph: Graph) {
  const names = new Set(
    [...graph.nodes()].flatMap(({ outputs }) =>
      outputs.filter(({ type }) => type.quantization).map(({ name }) => name),
    ),
  );
  const { graph: isolated, fed, results } = isolateLayers(graph, names);
  isolated.setOutputs([...new Set([...results.values(), ...isolated.outputs])]);
  const values = [...graph.nodes()].flatMap(({ outputs }) => outputs.filter(({ name }) => names.has(name)));
  const whole = await wasmEngine().prepare(graph, values);
  const feedsFor = async (sample: ReadonlyMap<string, Tensor>) => {
    const feeds = feedsOf(graph, sample);
    const made = await whole.run(feeds);
    return new Map([...feeds, ...[...fed].map(([name, input]) => [input.name, made.get(name)!] as const)]);
  };
  return { graph: isolated, feedsFor };
}

interface Differences {
  /** In steps of integers, but for softmax. */
  readonly steps: number;
  /** Of softmax in integers, which are computed by tables. */
  readonly tables: number;
  /** Of reals. */
  readonly reals: number;
}

/** Greatest differences of any layer's results in onnxruntime, which runs the file as it is written, and ours. */
async function differences(source: Graph): Promise<Differences> {
  const { graph, feedsFor } = await layerByLayer(source);
  const own = await wasmEngine().prepare(graph);
  const other = await fileEngine(exportOnnx(graph).bytes, "disabled").prepare(graph);
  const most = { steps: 0, tables: 0, reals: 0 };
  for (const sample of drawings(source)) {
    const feeds = await feedsFor(sample);
    const [ours, theirs] = [await own.run(feeds), await other.run(feeds)];
    for (const { name, type, producer } of graph.outputs) {
      const kind = type.dtype === "f32" ? "reals" : producer?.op === softmax ? "tables" : "steps";
      const [numbers, expected] = [ours, theirs].map((each) => numbersOf(each.get(name)!));
      for (let at = 0; at < numbers.length; at++)
        most[kind] = Math.max(most[kind], Math.abs(numbers[at] - expected[at]));
    }
  }
  await own.dispose();
  await other.dispose();
  return most;
}

/** The opset of the file that a graph makes. */
function opsetOf(graph: Graph): number | undefined {
  return readOnnx(exportOnnx(graph).bytes).opsetImports.find(({ domain }) => domain === "")?.version;
}

describe("every scheme written as ONNX", () => {
  it.each<[string, QuantizeOptions, number]>([
    ["int8", {}, 18],
    ["int8 with one scale for a layer", { perTensor: true }, 18],
    ["int8 around zero", { symmetric: true }, 18],
    ["int8 with unsigned inputs and outputs", { io: "uint8" }, 18],
    ["int8 with real inputs and outputs", { io: "float32" }, 18],
    ["int16x8", { scheme: "int16x8" }, 21],
    ["int4", { scheme: "int4" }, 21],
    ["int8 with a layer in int16x8", { layers: [{ operators: ["linear"], scheme: "int16x8" }] }, 21],
    ["int8 with a layer in float32", { layers: [{ operators: ["linear"], scheme: "float32" }] }, 18],
    ["int8 with a layer in int4", { layers: [{ operators: ["linear"], scheme: "int4" }] }, 21],
    ["float16", { scheme: "float16" }, 18],
    ["dynamic", { scheme: "dynamic" }, 18],
    ["dynamic-int4", { scheme: "dynamic-int4" }, 21],
  ])("%s: every layer is at most a step away in onnxruntime", { timeout: 60_000 }, async (name, options, opset) => {
    const graph = await quantized(floatGraph(), options);
    const most = await differences(graph);
    console.log(`${name}: ${JSON.stringify(most)}`);
    expect(opsetOf(graph)).toBe(opset);
    expect(most.steps).toBeLessThanOrEqual(1);
    expect(most.tables).toBeLessThanOrEqual(options.scheme === "int16x8" ? 20 : 1);
    expect(most.reals).toBeLessThanOrEqual(options.scheme?.startsWith("dynamic") ? 0.03 : 1e-5);
  });

  it.each<[string, QuantizeOptions]>([
    ["int16x8", { scheme: "int16x8" }],
    ["int4", { scheme: "int4" }],
  ])("%s is refused for an opset without its types", async (_, options) => {
    const graph = await quantized(floatGraph(), options);
    expect(() => exportOnnx(graph, [], { opset: 18 })).toThrow(
      /Opset 18 can't be written: this model needs one from 21/,
    );
  });
});
