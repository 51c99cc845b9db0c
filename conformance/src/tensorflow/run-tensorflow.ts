import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf, type Tensor } from "@millrace/ir";

/** The program that README.md beside this file tells how to build; it is no part of the checkout. */
export const runner = process.env["MILLRACE_TENSORFLOW_LITE"] ?? "";

/** A file and the inputs of any number of runs. */
export interface ModelRuns {
  readonly bytes: Uint8Array;
  readonly runs: readonly (readonly Tensor[])[];
}

/** Runs many files and gives, for each, the bytes of all results of all runs, or what TensorFlow Lite says where it fails. */
export function runByTensorFlow(models: readonly ModelRuns[]): readonly (Uint8Array | string)[] {
  const folder = mkdtempSync(join(tmpdir(), "millrace-tensorflow-"));
  try {
    const paths = models.map(({ bytes, runs }, index) => {
      const path = join(folder, `${index}`);
      writeFileSync(path, bytes);
      writeFileSync(`${path}.in`, Buffer.concat(runs.flat().map(bytesOf)));
      return path;
    });
    const { error } = spawnSync(runner, ["--each", ...paths]);
    if (error) throw error;
    return paths.map((path) =>
      existsSync(`${path}.out`)
        ? Uint8Array.from(readFileSync(`${path}.out`))
        : `TensorFlow Lite fails: ${readFileSync(`${path}.err`, "utf8")}`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}
