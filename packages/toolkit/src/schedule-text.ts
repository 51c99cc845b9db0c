import type { PredictedLatency, PredictedSchedule } from "./latency.ts";
import { formatDuration } from "./quantities.ts";

/** The lower bound of a prediction, how far this is above, and what each part would need alone. */
export function boundText({ boundMs, schedule }: PredictedLatency): string {
  const parts = Object.entries(schedule.boundsMs).filter(([, ms]) => ms > 0);
  const alone = parts.map(([part, ms]) => `${part} ${formatDuration(ms)}`).join(", ");
  return `at least ${formatDuration(boundMs)}, the prediction is ${schedule.gapPercent.toFixed(1)} % above  (alone: ${alone})`;
}

/** Whether a schedule of the same commands can be faster. */
export function proofText({ proven, scheduleGapPercent }: PredictedSchedule): string {
  return proven
    ? "no schedule of its commands is faster"
    : `at most ${scheduleGapPercent.toFixed(1)} % above the fastest schedule of its commands`;
}
