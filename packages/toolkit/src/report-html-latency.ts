import {
  isMeasured,
  type Latency,
  type OperatorTime,
  type PredictedLatency,
  shareOf,
  timeByKind,
  totalTime,
} from "./latency.ts";
import { formatBytes, formatCount, formatDuration } from "./quantities.ts";
import type { Report } from "./report.ts";
import { type Content, html, type Markup } from "./report-html-markup.ts";
import { bar, section, table } from "./report-html-tables.ts";
import { proofText } from "./schedule-text.ts";

const mostRows = 2000;

/** How long an inference takes, and which operators the time goes to. */
export function latencySection({ latency }: Report): Content {
  if (latency === undefined) return undefined;
  const { perOperator = [] } = latency;
  return section("latency", "Latency", [
    ...(isMeasured(latency) ? measured(latency) : predicted(latency)),
    perOperator.length > 0 && kindsTable(perOperator),
    perOperator.length > 0 && operatorsTable(perOperator),
  ]);
}

function measured(latency: Latency): readonly Markup[] {
  const { engine, target, basis } = latency;
  return [html`<p>${engine} on ${target}, ${basis}: no prediction for any other device.</p>`, runsTable(latency)];
}

function predicted(latency: PredictedLatency): readonly Markup[] {
  const { target, basis, ms, cycles, boundMs, schedule } = latency;
  const row = (name: string, value: string) =>
    html`<tr><th scope="row">${name}</th><td class="number">${value}</td></tr>`;
  return [
    html`<p>Predicted for ${target} and not measured: ${basis}.</p>`,
    table(
      "One inference",
      ["", "#"],
      [
        row("Time", formatDuration(ms)),
        row("Cycles", formatCount(Math.round(cycles))),
        row("Least that any mapping and schedule needs", formatDuration(boundMs)),
        row("Time above that", `${schedule.gapPercent.toFixed(1)} %`),
        ...Object.entries(schedule.boundsMs).map(([part, bound]) =>
          row(`${partNames[part as Part]}, alone`, formatDuration(bound)),
        ),
        row("Schedule", `${schedule.level}: ${proofText(schedule)}`),
        row("Memory of the NPU", formatBytes(schedule.memory.bytes)),
        row("Least that is alive at once", formatBytes(schedule.memory.lowerBoundBytes)),
      ],
    ),
  ];
}

type Part = keyof PredictedLatency["schedule"]["boundsMs"];

const partNames: Readonly<Record<Part, string>> = {
  array: "Array, all multipliers in use",
  weights: "Port of weights, each once",
  data: "Moving and comparing data",
  starts: "Starting operators",
  copies: "Copies from storage",
  processor: "Processor",
};

function runsTable({ runs, warmup, ms, meanMs, stdDevMs, firstMs, warmupMs }: Latency): Markup {
  const row = (name: string, value: number) =>
    html`<tr><th scope="row">${name}</th><td class="number">${formatDuration(value)}</td></tr>`;
  const rows = [
    row("Median", ms),
    row("Mean", meanMs),
    row("Standard deviation", stdDevMs),
    row("First inference", firstMs),
    warmupMs !== undefined && row("Mean of warm-up runs", warmupMs),
  ];
  return table(`${formatCount(runs)} runs after ${formatCount(warmup)} to warm up`, ["Inference", "#Time"], rows);
}

function kindsTable(operators: readonly OperatorTime[]): Markup {
  const rows = timeByKind(operators).map(
    ({ op, count, us, share }) =>
      html`<tr><th scope="row"><code>${op}</code></th><td class="number">${formatCount(count)}</td><td class="number">${formatDuration(us / 1000)}</td><td class="number">${percent(share)}</td><td class="wide">${bar(share)}</td></tr>`,
  );
  return table("Time by kind of operator", ["Operator", "#Count", "#Time", "#Share", ""], rows);
}

function operatorsTable(operators: readonly OperatorTime[]): Markup {
  const total = totalTime(operators);
  const most = Math.max(...operators.map(({ us }) => us));
  const left = operators.length - mostRows;
  const rows = operators.slice(0, mostRows).map((operator) => operatorRow(operator, total, most));
  const caption = `${formatCount(operators.length)} operators in the order they are computed, ${formatDuration(total / 1000)} in all${left > 0 ? `; the last ${formatCount(left)} are in report.json only` : ""}`;
  return table(caption, ["Layer", "Operator", "#Time", "#Share", "", "#Read", "#Written"], rows);
}

function operatorRow(
  { name, op, us, readBytes, writeBytes, origin }: OperatorTime,
  total: number,
  most: number,
): Markup {
  const others = origin.filter((source) => source !== name).join(", ");
  return html`<tr><th scope="row"><code>${name}</code>${others !== "" && html`<span class="origin">from <code>${others}</code></span>`}</th><td><code>${op}</code></td><td class="number">${formatDuration(us / 1000)}</td><td class="number">${percent(shareOf(us, total))}</td><td class="wide">${bar(shareOf(us, most))}</td><td class="number">${formatBytes(readBytes)}</td><td class="number">${formatBytes(writeBytes)}</td></tr>
`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
