import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readTflite } from "@millrace/formats/tflite";
import { describe, expect, it } from "vitest";
import { problemsOf } from "./models.testing.ts";

const shared = new URL("../../../../../shared/", import.meta.url);

function tfliteFilesIn(folder: string): readonly string[] {
  const names = readdirSync(new URL(folder, shared), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".tflite")).map((name) => `${folder}/${name}`);
}

/** Stored files that can't be imported, by the reason. */
const refused: Readonly<Record<string, readonly string[]>> = {
  "tflite.unknown-operator": [
    "assets/tflite_zoo/mediapipe/selfie_segmentation.tflite",
    "assets/tflm/person_detect_vela.tflite",
  ],
};

describe.skipIf(!existsSync(shared))("stored TFLite files", () => {
  const files = existsSync(shared) ? ["assets", "fixtures"].flatMap(tfliteFilesIn) : [];

  it("import, or are refused for the known reason", () => {
    const found: Record<string, string[]> = {};
    for (const file of files.sort()) {
      const [problem] = problemsOf(readTflite(new Uint8Array(readFileSync(new URL(file, shared)))));
      if (problem) found[problem.code] = [...(found[problem.code] ?? []), file];
    }
    expect(files.length).toBeGreaterThan(300);
    expect(found).toEqual(refused);
  });
});
