import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mobileNetV2Path } from "./conversion.ts";
import { type Benchmark, row } from "./row.ts";

const measured = fileURLToPath(new URL("./memory-child.ts", import.meta.url));

/** Peak resident memory of a process that converts the 14 MB MobileNetV2 once, against 4 times the model and 150 MB. */
export const convertMemory: Benchmark = async () => {
  if (!existsSync(mobileNetV2Path)) return { skipped: "needs ../shared/fixtures/mobilenetv2" };
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", measured, mobileNetV2Path, join(folder, "out.tflite")],
    { encoding: "utf8" },
  );
  rmSync(folder, { recursive: true });
  const megabytes = Number(stdout) / 1000;
  if (!(megabytes > 0)) throw new Error(stderr);
  const bound = (4 * statSync(mobileNetV2Path).size) / 1e6 + 150;
  return [row("peak memory of a conversion", megabytes, bound, "4 x model + 150 MB", "MB")];
};
