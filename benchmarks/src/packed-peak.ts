import { Graph, perAxis, perTensor, tensorOf } from "@millrace/ir";
import { linear } from "@millrace/ops";
import { wasmEngine } from "@millrace/toolkit";
import { feedsOf, someBytes } from "./engine-models.ts";

const [rows, depth, channels] = [256, 512, 64];

/** A product of matrices so large that hardly anything but multiplying packed data takes time. */
function product(): Graph {
  const graph = new Graph("product");
  const quantization = perTensor(0.02, 0);
  const x = graph.addInput("x", { dtype: "i8", shape: [rows, depth], quantization });
  const stored = tensorOf("i8", [channels, depth], new Int8Array(someBytes(channels * depth).buffer));
  const weights = graph.addConstant("weights", stored, perAxis(new Array(channels).fill(0.001), 0));
  const outputTypes = [{ dtype: "i8", shape: [rows, channels], quantization: perTensor(0.5, 0) }] as const;
  const node = graph.addNode({ op: linear, inputs: [x, weights], attributes: { activation: "none" }, outputTypes });
  graph.setOutputs(node.outputs);
  return graph;
}

/** Multiply-accumulates in 10^9 a second of the wasm engine's packed matrix product, on one thread of this machine: the best of many runs. */
export async function packedPeak(): Promise<number> {
  const graph = product();
  const prepared = await wasmEngine().prepare(graph);
  const feeds = feedsOf(graph);
  const times: number[] = [];
  for (let run = 0; run < 600; run++) {
    const start = performance.now();
    await prepared.run(feeds);
    times.push(performance.now() - start);
  }
  return (rows * depth * channels) / Math.min(...times) / 1e6;
}
