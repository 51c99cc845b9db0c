import { formatCount, formatDuration } from "../quantities.ts";
import type { ExternalReport } from "./compile-externally.ts";

/** What an external compiler said of its work, in words that tell whose figures they are. */
export function externalFigures({ compiler, statistics, ms }: ExternalReport): readonly string[] {
  const { converted, notConverted, cycles, ms: estimate } = statistics;
  return [
    ...(converted === undefined || notConverted === undefined
      ? []
      : [`${formatCount(converted)} of ${formatCount(converted + notConverted)} operators converted`]),
    ...(cycles === undefined ? [] : [`${formatCount(cycles)} cycles estimated by ${compiler}`]),
    ...(estimate === undefined ? [] : [`${formatDuration(estimate)} estimated by ${compiler}`]),
    `done in ${formatDuration(ms)}`,
  ];
}
