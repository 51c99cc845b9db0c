import type { LayerReport } from "./report.ts";
import { type Content, html, type Markup } from "./report-html-markup.ts";

const size = { width: 900, height: 220, left: 44, bottom: 22, top: 8 } as const;
/** Ratios from here on are drawn at the top, in dB. */
const greatest = 60;
const step = 20;
/** With more layers the lines would only be noise. */
const mostLayers = 1000;

/**
 * The layers' signal-to-noise ratios as lines over the layers in the order they are computed: in the whole integer model, where noise gathers, and of each layer
 * alone. The table below it has the same numbers.
 */
export function noisePicture(layers: readonly LayerReport[]): Content {
  const measured = layers.filter(({ sqnrDb }) => sqnrDb !== undefined);
  if (measured.length < 2 || measured.length > mostLayers) return undefined;
  const whole = measured.map(({ sqnrDb }) => sqnrDb);
  const alone = measured.map(({ isolatedSqnrDb }) => isolatedSqnrDb);
  const isIsolated = alone.every((ratio) => ratio !== undefined);
  const title = `Signal-to-noise ratio of ${measured.length} layers in the order they are computed`;
  return html`<svg class="chart" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${title}; the table below has the numbers">
${[0, 1, 2, 3].map((index) => gridLine(index * step))}
${isIsolated && line(alone, "alone")}
${line(whole, "whole")}
</svg>
<ul class="key"><li><i></i>in the whole integer model</li>${isIsolated && html`<li class="alone"><i></i>each layer alone, on the float model's data</li>`}</ul>`;
}

function gridLine(decibels: number): Markup {
  const y = heightOf(decibels);
  return html`<line x1="${size.left}" x2="${size.width}" y1="${y}" y2="${y}"/><text x="${size.left - 6}" y="${y + 4}" text-anchor="end">${decibels} dB</text>
`;
}

function line(ratios: readonly (number | undefined)[], kind: "whole" | "alone"): Markup {
  const across = (size.width - size.left) / Math.max(1, ratios.length - 1);
  const points = ratios.map((ratio, index) => `${(size.left + index * across).toFixed(1)},${heightOf(ratio ?? 0)}`);
  return html`<polyline class="${kind}" points="${points.join(" ")}"/>
`;
}

function heightOf(decibels: number): number {
  const share = Math.min(greatest, Math.max(0, decibels)) / greatest;
  return Math.round(size.height - size.bottom - share * (size.height - size.bottom - size.top));
}
