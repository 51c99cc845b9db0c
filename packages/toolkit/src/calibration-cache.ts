import { allNodes, bytesOf, type Diagnostic, type Graph, printGraph } from "@millrace/ir";
import type { Calibration, CalibrationMethod } from "@millrace/quantize";
import { calibrationVersion, readCalibration, writeCalibration } from "./calibration-file.ts";
import { sha256 } from "./sha256.ts";

/** Keeps files by their names, such as a folder or a browser's storage does. */
export interface CalibrationCache {
  /** The file's bytes; undefined if there is none. Rejects for one that can't be read or has more than `maximumBytes`. */
  read(name: string, maximumBytes: number): Promise<Uint8Array | undefined>;
  /** Writes a whole file or nothing. */
  write(name: string, bytes: Uint8Array): Promise<void>;
}

/** All that a calibration of a graph follows from. */
export interface CalibrationSubject {
  /** Name of the engine. */
  readonly engine: string;
  /** Digest of the samples. */
  readonly data: string;
  readonly method: CalibrationMethod;
  readonly percentile?: number;
}

const maximumBytes = 2 ** 28;

/** The calibration that the cache has of a graph and subject; else what `calibrate` gives, which the cache then gets. Diagnostics tell of either. */
export async function cachedCalibration(
  cache: CalibrationCache,
  graph: Graph,
  subject: CalibrationSubject,
  calibrate: () => Promise<Calibration>,
): Promise<Calibration> {
  const name = `calibration-${await keyOf(graph, subject)}.json`;
  const diagnostics: Diagnostic[] = [];
  try {
    const bytes = await cache.read(name, maximumBytes);
    if (bytes !== undefined) return withDiagnostics(readCalibration(graph, bytes), [takenFrom(name)]);
  } catch (error) {
    diagnostics.push(damaged(name, error));
  }
  const calibration = await calibrate();
  await cache.write(name, writeCalibration(graph, calibration));
  return withDiagnostics(calibration, diagnostics);
}

function withDiagnostics(calibration: Calibration, diagnostics: readonly Diagnostic[]): Calibration {
  return { ...calibration, diagnostics: [...diagnostics, ...calibration.diagnostics] };
}

async function keyOf(graph: Graph, subject: CalibrationSubject): Promise<string> {
  const constants = new Set(
    [...allNodes(graph)].flatMap(({ inputs }) => inputs.flatMap((each) => each?.constant ?? [])),
  );
  const parts = [JSON.stringify([calibrationVersion, subject]), printGraph(graph, { constants: "elided" })];
  for (const constant of constants) parts.push(await sha256(bytesOf(constant)));
  return sha256(parts.join("\n"));
}

function takenFrom(name: string): Diagnostic {
  return {
    code: "quantize.calibration-cached",
    severity: "info",
    message: `the calibration was taken from the cache's ${name}: model, samples and method are as they were`,
  };
}

function damaged(name: string, error: unknown): Diagnostic {
  return {
    code: "quantize.cache-damaged",
    severity: "warning",
    message: `the cache's ${name} can't be used, and the model was calibrated again: ${error instanceof Error ? error.message : error}`,
    hint: "it is replaced; see whether something else writes to the cache's folder",
  };
}
