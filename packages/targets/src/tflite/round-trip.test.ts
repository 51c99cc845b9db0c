import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readTflite } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import { DiagnosticError, equalGraphs, type Graph } from "@millrace/ir";
import { linear, reshape } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { exportTflite } from "./export.ts";
import { withoutOrigins } from "./graphs.testing.ts";

const shared = new URL("../../../../../shared/", import.meta.url);

function tfliteFilesIn(folder: string): readonly string[] {
  const names = readdirSync(new URL(folder, shared), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".tflite")).map((name) => `${folder}/${name}`);
}

function importable(file: string): Graph | undefined {
  try {
    return importTflite(readTflite(new Uint8Array(readFileSync(new URL(file, shared))))).graph;
  } catch (error) {
    if (error instanceof DiagnosticError) return undefined;
    throw error;
  }
}

/** Whether a reshape to rows stands before a linear layer: files leave it out, and reading makes one anew in its own place. */
function flattensBeforeLinear(graph: Graph): boolean {
  return [...graph.nodes()].some(({ op, inputs }) => op === linear && inputs[0]?.producer?.op === reshape);
}

describe.skipIf(!existsSync(shared))("stored TFLite files", () => {
  const files = existsSync(shared) ? ["assets", "fixtures"].flatMap(tfliteFilesIn) : [];

  it("give equal graphs after export and import", () => {
    let count = 0;
    for (const file of files) {
      const graph = importable(file);
      if (graph === undefined) continue;
      const first = importTflite(exportTflite(graph).model).graph;
      const again = importTflite(exportTflite(first).model).graph;
      const difference = equalGraphs(
        withoutOrigins(flattensBeforeLinear(graph) ? first : graph),
        withoutOrigins(again),
      );
      if (difference) expect.fail(`${file}: ${difference}`);
      count++;
    }
    expect(count).toBeGreaterThan(280);
  });

  it("are written the same each time, no larger than they were by more than names and a signature", () => {
    for (const file of files.filter((name) => name.includes("/peers/") || name.includes("mobilenet_v2"))) {
      const graph = importable(file);
      if (graph === undefined) continue;
      const { bytes } = exportTflite(graph);
      expect(Buffer.compare(exportTflite(graph).bytes, bytes)).toBe(0);
      if (!file.includes("float16")) {
        expect(bytes.length).toBeLessThan(readFileSync(new URL(file, shared)).length + 4096);
      }
    }
  });
});
