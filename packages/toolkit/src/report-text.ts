import { externalFigures } from "./external/external-figures.ts";
import { isMeasured } from "./latency.ts";
import { likeText } from "./like-text.ts";
import { formatBytes, formatCount, formatDecibels, formatDuration, formatMetric } from "./quantities.ts";
import { randomText } from "./random-data.ts";
import type { Report } from "./report.ts";
import { boundText, proofText } from "./schedule-text.ts";

/** A report in a few lines for a terminal. */
export function reportText(report: Report): string {
  const { source, bytes, macs, parameters } = report.model;
  const rows: (readonly [string, string])[] = [
    ["model", `${source}  ${formatBytes(bytes)}, ${formatCount(macs)} MACs, ${formatCount(parameters)} parameters`],
    ...report.artifacts.map(
      (artifact) =>
        ["wrote", `${artifact.path}  ${formatBytes(artifact.bytes)}${shrinkage(bytes, artifact.bytes)}`] as const,
    ),
    ...randomRows(report),
    ...latencyRows(report),
    ...delegationRows(report),
    ...externalRows(report),
    ["operators", listOf(Object.entries(report.graph.operators).map(([name, count]) => `${name} ${count}`))],
    ["transposes", `${report.graph.transposes}`],
    ...memoryRows(report),
    ...accuracyRows(report),
    ...recoveryRows(report),
    ...adviceRows(report),
    ...likeRows(report),
    ...noiseRows(report),
    ["time", listOf(report.timings.map(({ stage, ms }) => `${stage} ${formatDuration(ms)}`))],
  ];
  return rows.map(([name, text]) => `${name.padEnd(11)} ${text}`).join("\n");
}

function listOf(parts: readonly string[]): string {
  return parts.join(", ");
}

function randomRows({ quantization }: Report): (readonly [string, string])[] {
  return quantization?.random ? [["RANDOM DATA", randomText(quantization.random)]] : [];
}

function latencyRows({ latency }: Report): (readonly [string, string])[] {
  if (latency === undefined) return [];
  if (!isMeasured(latency)) {
    const { ms, target, basis, schedule } = latency;
    const memory = `${formatBytes(schedule.memory.bytes)} of the NPU's memory${schedule.memory.proven ? "" : `, at least ${formatBytes(schedule.memory.lowerBoundBytes)}`}`;
    return [
      ["latency", `${formatDuration(ms)} predicted for ${target}  (${basis})`],
      ["bound", boundText(latency)],
      ["schedule", `${schedule.level}, ${proofText(schedule)}; ${memory}`],
    ];
  }
  const { engine, basis, runs, ms, meanMs, stdDevMs, firstMs } = latency;
  const spread = `mean ${formatDuration(meanMs)} ± ${formatDuration(stdDevMs)} of ${runs} runs, first ${formatDuration(firstMs)}`;
  return [["latency", `${formatDuration(ms)} by ${engine}, ${basis}  (${spread})`]];
}

function delegationRows({ delegation }: Report): (readonly [string, string])[] {
  if (delegation === undefined) return [];
  const { npu, cpu, programs, reasons } = delegation;
  const count = `${npu} of ${npu + cpu} operators in ${programs === 1 ? "a program" : `${programs} programs`}`;
  return [
    ["npu", count],
    ...reasons
      .slice(0, mostReasons)
      .map(({ node, message }) => ["", `${node} stays on the processor: ${message}`] as const),
    ...(reasons.length > mostReasons ? [["", `and ${reasons.length - mostReasons} more`] as const] : []),
  ];
}

const mostReasons = 20;

function externalRows({ external }: Report): (readonly [string, string])[] {
  if (external === undefined) return [];
  const { compiler, target, artifact, log } = external;
  const outcome = artifact === undefined ? `failed, see ${log}` : listOf(externalFigures(external));
  return [["external", `${compiler} for ${target}: ${outcome}`]];
}

function memoryRows({ memory }: Report): (readonly [string, string])[] {
  if (memory === undefined) return [];
  const { arenaBytes, lowerBoundBytes, formerPeakBytes, weightBytes } = memory;
  const least = arenaBytes === lowerBoundBytes ? "the least possible" : `at least ${formatBytes(lowerBoundBytes)}`;
  const bound = formerPeakBytes === undefined ? least : `${least}, before ${formatBytes(formerPeakBytes)}`;
  return [["memory", `${formatBytes(arenaBytes)} of activations (${bound}), ${formatBytes(weightBytes)} of weights`]];
}

function accuracyRows({ accuracy, quantization }: Report): (readonly [string, string])[] {
  if (accuracy === undefined) return [];
  const { metric, samples, float, quantized } = accuracy;
  const integer =
    quantized === undefined ? "" : `, ${quantization?.scheme ?? "quantized"} ${formatMetric(metric, quantized)}`;
  return [["accuracy", `float ${formatMetric(metric, float)}${integer}  (${metric}, ${samples} samples)`]];
}

function recoveryRows({ quantization }: Report): (readonly [string, string])[] {
  const recoveries = quantization?.recoveries;
  if (recoveries === undefined) return [];
  return [
    ["recovery", listOf(recoveries.map(({ pass, changes }) => `${pass} changed ${formatCount(changes)} places`))],
  ];
}

function adviceRows({ quantization }: Report): (readonly [string, string])[] {
  const advice = quantization?.advice;
  if (advice === undefined) return [];
  const { metric, samples, heldOut, float, bound, met, chosen, attempts } = advice;
  const origin = heldOut ? "that calibration has not seen" : "that calibration saw too";
  const judge = `${formatMetric(metric, float)} in float on ${samples} samples ${origin}`;
  const tried = attempts.map(
    ({ setting, value, drop }) => ["", `${formatMetric(metric, value)}, drop ${drop.toFixed(2)}: ${setting}`] as const,
  );
  return [
    ["advice", `${met ? "" : `nothing keeps the drop within ${bound}; least is lost with: `}${chosen}  (${judge})`],
    ...tried,
  ];
}

function likeRows({ quantization }: Report): (readonly [string, string])[] {
  return quantization?.like ? [["like", likeText(quantization.like)]] : [];
}

function noiseRows({ quantization }: Report): (readonly [string, string])[] {
  const measured = quantization?.layers.filter(({ sqnrDb }) => sqnrDb !== undefined) ?? [];
  const [worst] = [...measured].sort((a, b) => a.sqnrDb! - b.sqnrDb!);
  if (worst === undefined) return [];
  return [
    ["noisiest", `${worst.name}  ${formatDecibels(worst.sqnrDb!)} signal to noise, of ${measured.length} layers`],
  ];
}

function shrinkage(before: number, after: number): string {
  return after < before * 0.8 ? ` (${(before / after).toFixed(1)} times smaller)` : "";
}
