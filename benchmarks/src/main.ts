import { compareAccuracy } from "./accuracy.ts";
import { planModels } from "./arena.ts";
import { calibrateMobileNet } from "./calibrate.ts";
import { convertDenseNet, convertMobileNet } from "./conversion.ts";
import { compareEngines } from "./engine.ts";
import { profileEngineLayers } from "./engine-layers.ts";
import { convertGrowing } from "./growth.ts";
import { convertMemory } from "./memory.ts";
import { predictNpu } from "./npu.ts";
import { comparePeers } from "./peers.ts";
import { planArenas } from "./plan.ts";
import { compareRecoveries } from "./recovery.ts";
import type { Benchmark, Row } from "./row.ts";
import { compareThreads } from "./threads.ts";

const benchmarks: Readonly<Record<string, Benchmark>> = {
  convert: convertGrowing,
  "convert-mobilenet": convertMobileNet,
  "convert-densenet": convertDenseNet,
  "convert-memory": convertMemory,
  peers: comparePeers,
  plan: planArenas,
  arena: planModels,
  calibrate: calibrateMobileNet,
  accuracy: compareAccuracy,
  recovery: compareRecoveries,
  engine: compareEngines,
  "engine-layers": profileEngineLayers,
  threads: compareThreads,
  npu: predictNpu,
};

const words = process.argv.slice(2);
const json = words.includes("--json");
const names = words.filter((word) => !word.startsWith("--"));
const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  console.error(`there is no benchmark ${unknown.join(", ")}; choose from ${Object.keys(benchmarks).join(", ")}`);
  process.exit(2);
}

const rows: Row[] = [];
for (const name of names.length > 0 ? names : Object.keys(benchmarks)) {
  const result = await benchmarks[name]();
  if ("skipped" in result) console.error(`${name}: skipped, ${result.skipped}`);
  else rows.push(...result);
}
if (json) console.log(JSON.stringify({ rows }, null, 2));
else {
  for (const { name, ours, peer, against, unit, ratio } of rows) {
    console.log(
      `${name.padEnd(44)} ${ours.toFixed(3)} ${unit}   ${peer.toFixed(3)} ${unit} (${against})   ratio ${ratio.toFixed(2)}`,
    );
  }
}
