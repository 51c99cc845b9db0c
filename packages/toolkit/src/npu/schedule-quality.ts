import { isSegment, type NpuCompilation, type NpuProfile } from "@millrace/npu";
import type { PredictedSchedule } from "../latency.ts";

/** How far a compilation is from its lower bounds. */
export function scheduleOf(compilation: NpuCompilation, { activities, cycles, bounds }: NpuProfile): PredictedSchedule {
  const { phases, machine } = compilation;
  const segments = phases.filter(isSegment);
  const percentAbove = (bound: number) => (bound > 0 ? Math.max(0, (cycles / bound - 1) * 100) : 0);
  const copies = activities.filter(({ unit }) => unit === "dma").length;
  const milliseconds = (count: number) => count / machine.clockMHz / 1000;
  const parts = Object.entries(bounds.parts).map(([part, count]) => [part, milliseconds(count)]);
  const searchSeconds = segments.reduce((sum, { search }) => sum + (search?.seconds ?? 0), 0);
  const largest = segments.reduce((most, { memory }) => (memory.bytes > most.bytes ? memory : most), noMemory);
  return {
    level: segments.some(({ search }) => search) ? "optimal" : "fast",
    gapPercent: percentAbove(bounds.cycles),
    ...(searchSeconds > 0 && { searchSeconds }),
    proven: cycles - bounds.scheduled < 1 + copies,
    scheduleGapPercent: percentAbove(bounds.scheduled),
    boundsMs: Object.fromEntries(parts) as PredictedSchedule["boundsMs"],
    memory: { bytes: largest.bytes, lowerBoundBytes: largest.lowerBoundBytes, proven: largest.optimal },
  };
}

const noMemory = { bytes: 0, lowerBoundBytes: 0, optimal: true };
