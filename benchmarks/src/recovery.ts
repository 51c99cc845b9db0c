import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { nodeOnnxruntime } from "@millrace/devices/node";
import { compile, type QuantizeRequest, wasmEngine } from "@millrace/toolkit";
import { arePresent, type BenchmarkNet, benchmarkNets, mobileNetV1, samplesOf } from "./accuracy-nets.ts";
import { type Benchmark, type Row, row } from "./row.ts";

/** Each way to lose less, beside what it is for. */
const settings: readonly (readonly [string, QuantizeRequest])[] = [
  ["int8", {}],
  ["int8, no bias correction", { biasCorrection: false }],
  ["int8, compensated", { rounding: "compensated" }],
  ["int8, learned", { rounding: "learned" }],
  ["int8, equalized", { recover: ["equalize"] }],
  ["int8, smoothed", { recover: ["smooth"] }],
  ["int8, equalized, biases absorbed", { recover: ["equalize", "absorb"] }],
  ["int8 per tensor", { perTensor: true }],
  ["int8 per tensor, equalized", { perTensor: true, recover: ["equalize"] }],
  ["int8 per tensor, equalized, biases absorbed", { perTensor: true, recover: ["equalize", "absorb"] }],
  ["int8 per tensor, compensated", { perTensor: true, rounding: "compensated" }],
  ["int8 per tensor, learned", { perTensor: true, rounding: "learned" }],
  ["int4, nearest", { scheme: "int4", rounding: "nearest" }],
  ["int4", { scheme: "int4" }],
  ["int4, learned", { scheme: "int4", rounding: "learned" }],
  ["int4, equalized", { scheme: "int4", recover: ["equalize"] }],
  ["dynamic-int4", { scheme: "dynamic-int4" }],
  ["dynamic-int4, blocks of 32", { scheme: "dynamic-int4", block: 32 }],
  ["dynamic-int4, blocks of 32, compensated", { scheme: "dynamic-int4", block: 32, rounding: "compensated" }],
];

/** What each recovery of accuracy gives on networks with labelled samples, as the share that is missed beside that of the float network. */
export const compareRecoveries: Benchmark = async () => {
  const all = [...benchmarkNets, mobileNetV1];
  const named = all.filter(({ name }) => process.argv.includes(`--${name.toLowerCase()}`));
  const nets = named.length > 0 ? named : all;
  if (!arePresent(nets)) return { skipped: "needs ../shared/fixtures and ../shared/assets" };
  const rows: Row[] = [];
  for (const net of nets) for (const setting of settings) rows.push(await measure(net, setting));
  return rows;
};

async function measure(net: BenchmarkNet, [name, request]: (typeof settings)[number]): Promise<Row> {
  const source = { name: basename(net.model), bytes: new Uint8Array(readFileSync(net.model)) };
  const engines = { floatEngine: nodeOnnxruntime(), integerEngine: wasmEngine() };
  const { report } = await compile(source, await samplesOf(net), { ...request, ...engines });
  const { metric, samples, float, quantized } = report.accuracy as Required<NonNullable<typeof report.accuracy>>;
  const seconds = report.timings.find(({ stage }) => stage === "quantize")!.ms / 1000;
  console.error(
    `${net.name} ${name}: ${metric} ${quantized.toFixed(4)}, float ${float.toFixed(4)}, ${samples} samples, quantized in ${seconds.toFixed(1)} s`,
  );
  return row(`${metric} missed, ${net.name}, ${name}`, 1 - quantized, 1 - float, "float", "");
}
