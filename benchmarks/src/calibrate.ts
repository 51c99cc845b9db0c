import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { folderFiles } from "@millrace/devices/node";
import { type CalibrationMethod, npyOf, openDataset } from "@millrace/toolkit";
import { mobileNetV2Path } from "./conversion.ts";
import { type Benchmark, type Row, row } from "./row.ts";

const imageFolder = fileURLToPath(new URL("../../../shared/assets/images/imagenet224", import.meta.url));
const images = 100;
const size = 224;

/** Half of what onnxruntime's quantize_static was published to take with as many images on such a machine, in seconds; it has no figures for the others. */
const goals: Readonly<Record<CalibrationMethod, number>> = {
  minmax: 3.46 / 2,
  average: 3.46 / 2,
  percentile: 31.8 / 2,
  entropy: 31.8 / 2,
  mse: 31.8 / 2,
};
const against = "half of onnxruntime's published min/max or percentile";
const goalMebibytes = 400;

/** Time and peak memory of `millrace quantize` of MobileNetV2 with 100 decoded images, a process for each method, beside goals from onnxruntime's published figures. */
export const calibrateMobileNet: Benchmark = async () => {
  if (!existsSync(mobileNetV2Path)) return { skipped: "needs ../shared/fixtures/mobilenetv2" };
  runNode("--import", "tsx", builder);
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  try {
    await writeDecodedImages(folder);
    const rows: Row[] = [];
    for (const method of Object.keys(goals) as CalibrationMethod[]) {
      const { seconds, mebibytes } = quantizeOnce(folder, method);
      rows.push(row(`quantize MobileNetV2, ${method}`, seconds, goals[method], against, "s"));
      rows.push(row(`peak memory of ${method}`, mebibytes, goalMebibytes, "goal", "MiB"));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** The images as one array of bytes, with a description. */
async function writeDecodedImages(folder: string): Promise<void> {
  const source = await openDataset(folderFiles(imageFolder));
  const shape = [size, size, 3];
  const pixels = new Uint8Array(images * size * size * 3);
  for (let sample = 0; sample < images; sample++) {
    const [feeds] = await source.feeds(sample, [{ name: "*", shape: [1, ...shape], dtype: "f32" }]);
    const [{ data }] = feeds.values();
    const start = sample * data.length;
    for (let at = 0; at < data.length; at++) pixels[start + at] = Math.round((Number(data[at]) + 1) * 127.5);
  }
  writeFileSync(join(folder, "images.npy"), npyOf({ dtype: "u8", shape: [images, ...shape], data: pixels }));
  const input = { file: "images.npy", layout: "HWC", mean: 127.5, std: 127.5 };
  const split = { calibration: "all", test: "none" };
  writeFileSync(join(folder, "dataset.json"), JSON.stringify({ inputs: { "*": input }, split }));
}

/** Bundles the command line, as it is installed; changed sources would be compiled while they run. */
const builder = fileURLToPath(new URL("../../apps/cli/scripts/build.ts", import.meta.url));
const commandLine = fileURLToPath(new URL("../../apps/cli/bin/millrace.mjs", import.meta.url));
/** Run by the measured process before anything else. */
const tellPeak = 'process.on("exit", () => console.error("peak", process.resourceUsage().maxRSS))';

function quantizeOnce(folder: string, method: CalibrationMethod) {
  const words = ["quantize", mobileNetV2Path, "--data", folder, "-o", join(folder, "out.tflite")];
  const options = ["--calibration", method, "--samples", String(images)];
  const start = performance.now();
  const stderr = runNode(
    "--import",
    `data:text/javascript,${encodeURIComponent(tellPeak)}`,
    commandLine,
    ...words,
    ...options,
  );
  const seconds = (performance.now() - start) / 1000;
  const kibibytes = Number(/^peak (\d+)$/m.exec(stderr)?.[1]);
  return { seconds, mebibytes: kibibytes / 1024 };
}

/** What a process of Node's says on its error stream. */
function runNode(...words: readonly string[]): string {
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stderr;
}
