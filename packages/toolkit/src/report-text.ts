import type { Report } from "./report.ts";

/** A report in a few lines for a terminal. */
export function reportText(report: Report): string {
  const rows: (readonly [string, string])[] = [
    [
      "model",
      `${report.model.source}  ${bytes(report.model.bytes)}, ${count(report.model.macs)} MACs, ${count(report.model.parameters)} parameters`,
    ],
    ...report.artifacts.map(
      ({ path, bytes: size }) => ["wrote", `${path}  ${bytes(size)}${ratio(report.model.bytes, size)}`] as const,
    ),
    [
      "operators",
      Object.entries(report.graph.operators)
        .map(([name, number]) => `${name} ${number}`)
        .join(", "),
    ],
    ["transposes", `${report.graph.transposes}`],
    ...accuracyRows(report),
    ...layerRows(report),
    ["time", report.timings.map(({ stage, ms }) => `${stage} ${milliseconds(ms)}`).join(", ")],
  ];
  return rows.map(([name, text]) => `${name.padEnd(11)} ${text}`).join("\n");
}

function accuracyRows({ accuracy }: Report): (readonly [string, string])[] {
  if (accuracy === undefined) return [];
  const { metric, samples, float, quantized } = accuracy;
  const change = quantized === undefined ? "" : `, int8 ${score(quantized)} (${signed(quantized - float)})`;
  return [["accuracy", `float ${score(float)}${change}  ${metric} on ${samples} samples`]];
}

function layerRows({ quantization }: Report): (readonly [string, string])[] {
  const measured = quantization?.layers.filter(({ sqnrDb }) => sqnrDb !== undefined) ?? [];
  const [worst] = [...measured].sort((a, b) => a.sqnrDb! - b.sqnrDb!);
  return worst
    ? [
        [
          "noisiest",
          `${worst.name}  ${worst.sqnrDb!.toFixed(1)} dB signal to quantization noise, of ${measured.length} layers`,
        ],
      ]
    : [];
}

function score(value: number): string {
  return value.toFixed(4);
}

function signed(difference: number): string {
  return `${difference < 0 ? "" : "+"}${(difference * 100).toFixed(2)} points`;
}

function ratio(before: number, after: number): string {
  return after < before ? ` (${(before / after).toFixed(1)}x smaller)` : "";
}

function bytes(size: number): string {
  return size < 1e6 ? `${(size / 1e3).toFixed(1)} kB` : `${(size / 1e6).toFixed(2)} MB`;
}

function count(value: number): string {
  return value < 1e6 ? value.toLocaleString("en") : `${(value / 1e6).toFixed(1)} M`;
}

function milliseconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
