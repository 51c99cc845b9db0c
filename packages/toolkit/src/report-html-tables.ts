import { formatBytes, formatCount, formatDuration, formatMetric } from "./quantities.ts";
import type { Report } from "./report.ts";
import { accuracyChange, comparesModels } from "./report-html-figures.ts";
import { type Content, cleanText, html, type Markup } from "./report-html-markup.ts";

/** A section of the report with its heading. */
export function section(id: string, title: string, content: Content): Markup {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${content}
</section>`;
}

/** A table that scrolls sideways on narrow screens, by keyboard too. Rows are given as `<tr>`s; headings with a leading `#` are of numbers. */
export function table(caption: string, headings: readonly string[], rows: Content): Markup {
  return html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table>
<caption>${caption}</caption>
<thead><tr>${headings.map(headingCell)}</tr></thead>
<tbody>${rows}</tbody>
</table></div>`;
}

function headingCell(heading: string): Markup {
  if (heading === "") return html`<td></td>`;
  if (heading.startsWith("#")) return html`<th scope="col" class="number">${heading.slice(1)}</th>`;
  return html`<th scope="col">${heading}</th>`;
}

/** A bar of `share` (0 to 1) of its cell; the number beside it says the same. */
export function bar(share: number): Markup {
  const percent = Math.min(100, Math.max(0, share * 100)) || 0;
  return html`<span class="bar" aria-hidden="true"><i style="width:${percent.toFixed(1)}%"></i></span>`;
}

export function accuracySection({ accuracy }: Report): Content {
  if (accuracy === undefined) return undefined;
  const { metric, samples, float, quantized } = accuracy;
  const compares = comparesModels(metric);
  const row = (name: string, value: number, change: string) =>
    html`<tr><th scope="row">${name}</th><td class="number">${formatMetric(metric, value)}</td><td class="number">${change}</td></tr>`;
  const rows = [
    !compares && row("Float", float, ""),
    quantized !== undefined &&
      row(
        compares ? "Quantized against float" : "Quantized",
        quantized,
        compares ? "" : (accuracyChange(accuracy) ?? "–"),
      ),
  ];
  return section(
    "accuracy",
    "Accuracy",
    table(`${metric} on ${formatCount(samples)} samples`, ["Model", "#Value", "#Change"], rows),
  );
}

export function artifactsSection({ artifacts }: Report): Content {
  if (artifacts.length === 0) return undefined;
  const rows = artifacts.map(
    ({ path, kind, bytes, sha256 }) =>
      html`<tr><th scope="row"><a href="${relativeLink(path)}">${path}</a><code class="digest">${sha256}</code></th><td>${kind}</td><td class="number">${formatBytes(bytes)}</td></tr>`,
  );
  return section("artifacts", "Files", table("Written files with their SHA-256", ["File", "Kind", "#Size"], rows));
}

/** A link that can only lead to a file beside the report. */
function relativeLink(path: string): string {
  return `./${cleanText(path).split("/").map(encodeURIComponent).join("/")}`;
}

export function operatorsSection({ graph }: Report): Content {
  const counts = Object.entries(graph.operators).sort(([, a], [, b]) => b - a);
  if (counts.length === 0) return undefined;
  const most = counts[0][1];
  const rows = counts.map(
    ([name, count]) =>
      html`<tr><th scope="row"><code>${name}</code></th><td class="number">${formatCount(count)}</td><td class="wide">${bar(count / most)}</td></tr>`,
  );
  return section("operators", "Operators", table("Operators of the written model", ["Operator", "#Count", ""], rows));
}

/** What changes of the float model did before, and to which layers as far as they tell. */
export function recoveriesSection({ quantization }: Report): Content {
  if (quantization?.recoveries === undefined) return undefined;
  const rows = quantization.recoveries.flatMap(({ pass, changes, decisions }) => [
    html`<tr><th scope="row">${pass}</th><td></td><td>${formatCount(changes)} changes</td></tr>`,
    ...decisions.map(
      ({ node, message }) => html`<tr><th scope="row"></th><td><code>${node}</code></td><td>${message}</td></tr>`,
    ),
  ]);
  const headings = ["Change", "Layer", "What was done, or why not"];
  return section("recoveries", "Recovery of accuracy", table("Changes of the float model before", headings, rows));
}

const severityNames = { error: "Error", warning: "Warning", info: "Note" } as const;
const severityOrder = ["error", "warning", "info"] as const;

export function diagnosticsSection({ diagnostics }: Report): Content {
  if (diagnostics.length === 0) return undefined;
  const sorted = severityOrder.flatMap((severity) =>
    diagnostics.filter((diagnostic) => diagnostic.severity === severity),
  );
  const items = sorted.map(({ severity, code, message, at, hint }) => {
    const where = at?.node ?? at?.value;
    return html`<li><p><span class="badge ${severity}">${severityNames[severity]}</span><code class="soft">${code}</code>${where !== undefined && html` <span class="soft">at</span> <code>${where}</code>`}</p>
<p>${message}</p>${hint !== undefined && html`<p class="soft">${hint}</p>`}</li>`;
  });
  return section("diagnostics", "Notes and warnings", html`<ul class="diagnostics">${items}</ul>`);
}

export function timingsSection({ timings }: Report): Content {
  if (timings.length === 0) return undefined;
  const total = timings.reduce((sum, { ms }) => sum + ms, 0);
  const longest = Math.max(...timings.map(({ ms }) => ms));
  const rows = timings.map(
    ({ stage, ms }) =>
      html`<tr><th scope="row">${stage}</th><td class="number">${formatDuration(ms)}</td><td class="wide">${bar(ms / longest)}</td></tr>`,
  );
  return section("timings", "Time", table(`${formatDuration(total)} in all`, ["Stage", "#Time", ""], rows));
}
