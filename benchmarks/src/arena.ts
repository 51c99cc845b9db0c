import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { diagnosticsOf, isQuantized, load, memoryOf, prepare } from "@millrace/toolkit";
import { type Row, row } from "./row.ts";

const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));
const folders = ["assets/mlperf_tiny_models", "assets/tflm", "assets/tflite_zoo", "assets/onnx_models", "fixtures"];

/** The planned arena of every model beside the checkout, against the bytes that it needs at least. */
export async function planModels(): Promise<readonly Row[] | { readonly skipped: string }> {
  if (!existsSync(shared)) return { skipped: "the models are not here" };
  const rows: Row[] = [];
  for (const folder of folders) {
    const names = readdirSync(`${shared}${folder}`, { recursive: true, encoding: "utf8" }).sort();
    const models = names.filter((name) => /\.(tflite|onnx)$/.test(name) && !name.startsWith("kernels/"));
    for (const name of models) rows.push(...(await planModel(`${folder}/${name}`)));
  }
  return rows;
}

/** No row for a model that can't be read, or whose sizes are open. */
async function planModel(name: string): Promise<readonly Row[]> {
  try {
    const model = load({ name, bytes: new Uint8Array(readFileSync(`${shared}${name}`)) });
    const { graph } = isQuantized(model.graph) ? model : prepare(model);
    const memory = await memoryOf(graph);
    return memory ? [row(name, memory.arenaBytes, memory.lowerBoundBytes, "lower bound", "bytes")] : [];
  } catch (error) {
    if (diagnosticsOf(error) === undefined) throw error;
    return [];
  }
}
