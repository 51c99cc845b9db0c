import { likeText } from "./like-text.ts";
import { formatCount, formatDecibels } from "./quantities.ts";
import type { LayerReport, Report } from "./report.ts";
import { type Content, html, type Markup } from "./report-html-markup.ts";
import { noisePicture } from "./report-html-noise.ts";
import { bar, section, table } from "./report-html-tables.ts";

const mostRows = 2000;
/** A full bar, in dB: beyond it no network notices the difference. */
const fullBar = 50;
const fairFrom = 15;
const goodFrom = 25;

/** Where the quantized model differs from the float one, layer by layer. */
export function layersSection({ quantization }: Report): Content {
  if (quantization === undefined || quantization.layers.length === 0) return undefined;
  const { layers } = quantization;
  const shown = layers.slice(0, mostRows);
  const left = layers.length - shown.length;
  const measured = layers.filter(isMeasured);
  const caption = `${formatCount(layers.length)} results in the order they are computed${left > 0 ? `; the last ${formatCount(left)} are in report.json only` : ""}`;
  const headings =
    measured.length > 0
      ? ["Layer", "#SQNR", "", "#Alone", "#Cosine", "#Clipped", "#Scale", "#Zero point"]
      : ["Layer", "#Scale", "#Zero point"];
  return section("layers", "Quantization by layer", [
    quantization.like && html`<p>${likeText(quantization.like)}.</p>`,
    measured.length > 0 && explanation(measured),
    noisePicture(layers),
    table(
      caption,
      headings,
      shown.map((layer) => row(layer, measured.length > 0)),
    ),
  ]);
}

type MeasuredLayer = LayerReport & { readonly sqnrDb: number };

function isMeasured(layer: LayerReport): layer is MeasuredLayer {
  return layer.sqnrDb !== undefined;
}

function explanation(measured: readonly MeasuredLayer[]): Markup {
  const lowest = measured.reduce((least, layer) => (layer.sqnrDb < least.sqnrDb ? layer : least));
  return html`<p>The signal-to-noise ratio (SQNR) says how close each integer result is to the float one: at 20 dB they differ by a tenth, at 40 dB by
a hundredth; a layer alone is given the float model's data. Clipped are the float values beyond the range that was chosen. The lowest is <code>${lowest.name}</code> with ${formatDecibels(lowest.sqnrDb)}.</p>
<ul class="key"><li><i></i>${goodFrom} dB and more</li><li class="fair"><i></i>${fairFrom} to ${goodFrom} dB</li><li class="low"><i></i>below ${fairFrom} dB</li></ul>`;
}

function row(layer: LayerReport, withRatio: boolean): Markup {
  const { name, origin, scale, zeroPoint, sqnrDb, isolatedSqnrDb, cosine, clipped } = layer;
  const number = (value: number | undefined, format: (value: number) => string) =>
    html`<td class="number">${value === undefined ? "–" : format(value)}</td>`;
  const others = origin.filter((source) => source !== name).join(", ");
  const ratio =
    withRatio &&
    html`${number(sqnrDb, formatDecibels)}<td class="wide">${sqnrDb !== undefined && bar(sqnrDb / fullBar)}</td>${number(isolatedSqnrDb, formatDecibels)}${number(cosine, (value) => value.toFixed(4))}${number(clipped, (share) => `${(share * 100).toFixed(2)} %`)}`;
  return html`<tr${sqnrDb !== undefined && html` class="${band(sqnrDb)}"`}><th scope="row"><code>${name}</code>${others !== "" && html`<span class="origin">from <code>${others}</code></span>`}</th>${ratio}<td class="number">${Number(scale.toPrecision(5))}</td><td class="number">${zeroPoint}</td></tr>
`;
}

function band(decibels: number): string {
  if (decibels >= goodFrom) return "good";
  return decibels >= fairFrom ? "fair" : "low";
}
