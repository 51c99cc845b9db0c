import { isMeasured } from "./latency.ts";
import { formatCount } from "./quantities.ts";
import { randomText } from "./random-data.ts";
import type { Report } from "./report.ts";
import { externalSection } from "./report-html-external.ts";
import { figures } from "./report-html-figures.ts";
import { latencySection } from "./report-html-latency.ts";
import { layersSection } from "./report-html-layers.ts";
import { html, Markup } from "./report-html-markup.ts";
import { reportStyle } from "./report-html-style.ts";
import {
  accuracySection,
  artifactsSection,
  diagnosticsSection,
  operatorsSection,
  recoveriesSection,
  timingsSection,
} from "./report-html-tables.ts";

const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** A report as one HTML page that needs no other file, no network and no scripts. Every value of the report is escaped. */
export function reportHtml(report: Report): string {
  const name = report.model.source.replace(/^.*[/\\]/, "");
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name} · Millrace report</title>
<style>${new Markup(reportStyle)}</style>
</head>
<body>
<div class="page">
<header>
<p class="overline">Millrace report</p>
<h1>${name}</h1>
<p class="soft">${summary(report)}</p>
${report.quantization?.random && html`<p><span class="badge warning">Random data</span>${randomText(report.quantization.random)}.</p>`}
</header>
<main>
${figures(report)}
${[accuracySection, latencySection, externalSection, artifactsSection, operatorsSection, recoveriesSection, layersSection, diagnosticsSection, timingsSection].map((draw) => draw(report))}
</main>
<footer><p>The same numbers are in report.json.</p></footer>
</div>
</body>
</html>
`.toString();
}

function summary({ model, artifacts, quantization, latency }: Report): string {
  if (latency !== undefined && artifacts.length === 0)
    return `${model.format} ${isMeasured(latency) ? `by ${latency.engine} on` : "predicted for"} ${latency.target}`;
  const kinds = [...new Set(artifacts.map(({ kind }) => kind))].join(" and ");
  const journey = kinds === "" ? model.format : `${model.format} to ${kinds}`;
  if (quantization === undefined || quantization.samples === 0) return journey;
  return `${journey}, calibrated on ${formatCount(quantization.samples)} ${quantization.random ? "random inputs" : "samples"} (${quantization.calibration})`;
}
