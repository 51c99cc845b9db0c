import type { Node } from "@millrace/ir";
import { load, wasmEngine } from "@millrace/toolkit";
import { engineModels, feedsOf } from "./engine-models.ts";
import { packedPeak } from "./packed-peak.ts";
import { type Benchmark, median, type Row, row } from "./row.ts";

/** Milliseconds that a model is run for, at least a few times. */
const duration = 1500;

async function nodeTimes(bytes: Uint8Array): Promise<ReadonlyMap<Node, number>> {
  const { graph } = load({ name: "model.tflite", bytes });
  const prepared = await wasmEngine().prepare(graph);
  const feeds = feedsOf(graph);
  const times = new Map<Node, number[]>([...graph.nodes()].map((node) => [node, []]));
  const end = performance.now() + duration;
  for (let run = 0; run < 10 || performance.now() < end; run++)
    await prepared.run(feeds, { onNode: (node, milliseconds) => times.get(node)?.push(milliseconds) });
  return new Map([...times].map(([node, measured]) => [node, median(measured)]));
}

function nodeRow(model: string, node: Node, milliseconds: number, peak: number): Row {
  const { op, inputs, outputs, attributes } = node;
  const { macs } = op.cost(inputs, outputs, attributes);
  const sizes = [inputs[0], ...(macs > 0 ? [inputs[1]] : [])].map((value) => value?.type.shape.join("x"));
  const rate = macs > 0 ? `, ${(macs / milliseconds / 1e6).toFixed(1)} GMAC/s` : "";
  const name = `${model}: ${op.name} ${sizes.join(" by ")}${rate}`;
  return row(name, milliseconds, macs / peak / 1e6, `packed product's peak of ${peak.toFixed(1)} GMAC/s`, "ms");
}

/** Time of every node of the engines' models in our wasm engine; the ratio is the share of the measured peak of a packed matrix product. */
export const profileEngineLayers: Benchmark = async () => {
  const models = engineModels();
  if (models === undefined) return { skipped: "the models are not here" };
  const peak = await packedPeak();
  const rows: Row[] = [];
  for (const [name, bytes] of models) {
    const times = await nodeTimes(bytes);
    rows.push(...[...times].map(([node, milliseconds]) => nodeRow(name, node, milliseconds, peak)));
  }
  return rows;
};
