import { metrics } from "./data/metrics.ts";
import { isMeasured } from "./latency.ts";
import { formatBytes, formatCount, formatDuration, formatMetric } from "./quantities.ts";
import type { Report } from "./report.ts";
import { type Content, html, type Markup } from "./report-html-markup.ts";

type Accuracy = NonNullable<Report["accuracy"]>;

/** The headline numbers. */
export function figures(report: Report): Markup {
  const { model, artifacts, accuracy, graph, latency, memory } = report;
  const operators = Object.values(graph.operators).reduce((sum, count) => sum + count, 0);
  return html`<dl class="figures">
${artifacts.length > 0 && figure("File size", fromTo(formatBytes(model.bytes), formatBytes(artifacts[0].bytes)), sizeNote(report), true)}
${accuracy && figure(`Accuracy (${accuracy.metric})`, accuracyValue(accuracy), accuracyNote(accuracy), true)}
${latency && figure("Latency", formatDuration(latency.ms), isMeasured(latency) ? latency.basis : "predicted", true)}
${figure("Operators", formatCount(operators), `${formatCount(Object.keys(graph.operators).length)} kinds`)}
${figure("Transposes", formatCount(graph.transposes), graph.transposes === 0 ? "none needed" : "forced by the graph")}
${figure("Multiply-accumulates", formatCount(model.macs), "per inference")}
${figure("Parameters", formatCount(model.parameters), memory && `${formatBytes(memory.weightBytes)} of weights`)}
${memory && figure("Activation memory", formatBytes(memory.arenaBytes), arenaNote(memory))}
</dl>`;
}

function figure(name: string, value: Content, note?: Content, wide = false): Markup {
  return html`<div${wide && html` class="wide"`}><dt>${name}</dt><dd>${value}</dd>${note && html`<dd>${note}</dd>`}</div>`;
}

function arenaNote({ arenaBytes, lowerBoundBytes, formerPeakBytes }: NonNullable<Report["memory"]>): string {
  const least =
    arenaBytes === lowerBoundBytes ? "the least possible" : `at least ${formatBytes(lowerBoundBytes)} are needed`;
  return formerPeakBytes === undefined ? least : `${least}, before ${formatBytes(formerPeakBytes)}`;
}

function fromTo(before: string, after: string): Markup {
  return html`<span class="from">${before} →</span> <span class="value">${after}</span>`;
}

function sizeNote({ model, artifacts }: Report): string | undefined {
  const ratio = model.bytes / artifacts[0].bytes;
  if (!(ratio >= 1.05)) return undefined;
  return `${ratio.toFixed(1)} times smaller`;
}

function accuracyValue({ metric, float, quantized }: Accuracy): Content {
  if (quantized === undefined) return formatMetric(metric, float);
  return comparesModels(metric)
    ? formatMetric(metric, quantized)
    : fromTo(formatMetric(metric, float), formatMetric(metric, quantized));
}

function accuracyNote(accuracy: Accuracy): string {
  const samples = `on ${formatCount(accuracy.samples)} samples`;
  if (comparesModels(accuracy.metric)) return `quantized against float, ${samples}`;
  const change = accuracyChange(accuracy);
  return change === undefined ? samples : `${change}, ${samples}`;
}

/** Whether a metric measures the quantized model by the float one, which then has no value of its own. */
export function comparesModels(metric: string): boolean {
  return Object.hasOwn(metrics, metric) && metrics[metric as keyof typeof metrics].needsReference;
}

/** How the quantized model's value differs, in words; shares are told in points of percent. */
export function accuracyChange({ metric, float, quantized }: Accuracy): string | undefined {
  if (quantized === undefined || !Number.isFinite(quantized - float)) return undefined;
  const change = quantized - float;
  if (change === 0) return "unchanged";
  const sign = change > 0 ? "+" : "−";
  const size = metric.startsWith("top") ? `${(Math.abs(change) * 100).toFixed(2)} points` : Math.abs(change).toFixed(4);
  return `${sign}${size}`;
}
