import { existsSync } from "node:fs";
import { type Golden, pathOf, readGolden, readIndex } from "./golden.ts";
import { skips } from "./skips.ts";

export interface StoredModel {
  readonly name: string;
  /** Of the file, under the shared folder. */
  readonly path: string;
  readonly skip: string | undefined;
}

/** Where a model's inputs and outputs are stored; some folders are left out there. */
function stemOf(name: string): string {
  const stem = `fixtures/models/${name.replace(/\.tflite$/, "")}`;
  return existsSync(pathOf(`${stem}.in0.npy`)) ? stem : stem.replace("/tinymaix/", "/");
}

/** Whole models with stored results; one that TensorFlow refuses is taken in its repaired form. */
export function storedModels(): readonly StoredModel[] {
  return readIndex("fixtures/models/index.csv").map(([entry]) => {
    const name = entry.split(" ")[0];
    const repaired = `${stemOf(name)}.repaired.tflite`;
    return { name, path: existsSync(pathOf(repaired)) ? repaired : `assets/${name}`, skip: skips[name] };
  });
}

export function readModelGolden(name: string): Golden {
  return readGolden(stemOf(name));
}
