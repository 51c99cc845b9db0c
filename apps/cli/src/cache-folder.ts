import { statSync } from "node:fs";
import { join } from "node:path";
import type { CalibrationCache } from "@millrace/toolkit";
import { checkOutputFolder, writeOutputs } from "./output-files.ts";
import { readWholeFile } from "./read-file.ts";

/** Keeps calibrations in a folder, which is made when the first is written. Throws a RequestError `output.…` if that could not be. */
export async function cacheFolder(folder: string, signal: AbortSignal): Promise<CalibrationCache> {
  await checkOutputFolder(folder);
  return {
    async read(name, maximumBytes) {
      const path = join(folder, name);
      const size = statSync(path, { throwIfNoEntry: false })?.size;
      if (size === undefined) return undefined;
      if (size > maximumBytes) throw new Error(`it has ${size} bytes`);
      return readWholeFile(path);
    },
    write: (name, bytes) => writeOutputs([{ path: join(folder, name), bytes }], { inputs: [], signal, folder }),
  };
}
