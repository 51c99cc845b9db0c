import { existsSync, readFileSync } from "node:fs";
import { pathOf } from "../golden.ts";

/** A published latency, as it stands in the list beside the checkout. */
export interface Measurement {
  readonly chip: string;
  readonly clockMHz: number | null;
  readonly unit: string;
  readonly model: string;
  /** Multiplications and additions. */
  readonly macs: number | null;
  readonly io: string;
  readonly timing: string;
  readonly latencyMs: number;
  readonly source: string;
  readonly confidence: string;
}

const path = pathOf("fixtures/latencies.json");

/** Whether the list is there. */
export const hasMeasurements = existsSync(path);

export function readMeasurements(): readonly Measurement[] {
  return JSON.parse(readFileSync(path, "utf8"));
}
