/** The report's only style sheet: one column, system fonts, light and dark by the reader's preference. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --page: #f7f6f3; --card: #fff; --ink: #1f2328; --soft: #5d6570; --line: #e2dfd8; --track: #eceae4;
  --accent: #1d6a63; --accent-soft: #d9ebe8; --warn: #8f5400; --warn-soft: #fbeccf; --bad: #b3261e; --bad-soft: #fbe3e0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #15181c; --card: #1c2025; --ink: #e8eaed; --soft: #a3abb5; --line: #2e343b; --track: #2a3037;
    --accent: #6cc5ba; --accent-soft: #1d3a38; --warn: #f0b955; --warn-soft: #3b2e14; --bad: #ff938a; --bad-soft: #43211f;
  }
}
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; -webkit-text-size-adjust: 100%; }
.page { max-width: 62rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
h1, h2, p, dl, dd, ul { margin: 0; }
h1 { font-size: clamp(1.7rem, 1.2rem + 2.2vw, 2.5rem); line-height: 1.15; letter-spacing: -0.02em; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; letter-spacing: -0.01em; }
.overline { color: var(--accent); font-weight: 600; font-size: 0.85rem; margin-bottom: 0.5rem; }
.soft { color: var(--soft); }
header .soft { margin-top: 0.5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.4rem 1.5rem 1.5rem; margin-top: 1.25rem; }
section > * + * { margin-top: 0.9rem; }
section > p { max-width: 46rem; font-size: 0.925rem; overflow-wrap: anywhere; }
.figures { display: flex; flex-wrap: wrap; gap: 1px; margin-top: 2rem; background: var(--line); border: 1px solid var(--line); border-radius: 14px;
  overflow: hidden; }
.figures > div { flex: 1 1 10rem; background: var(--card); padding: 1.1rem 1.5rem 1.2rem; }
.figures > .wide { flex-basis: min(27rem, 100%); }
.figures > .wide dd:first-of-type { font-size: 1.9rem; }
dt { color: var(--soft); font-size: 0.85rem; }
dd { font-variant-numeric: tabular-nums; }
.figures dd:first-of-type { font-size: 1.5rem; font-weight: 600; line-height: 1.3; letter-spacing: -0.02em; }
.figures dd + dd { color: var(--soft); font-size: 0.85rem; }
.figures .value { white-space: nowrap; }
.figures .from { color: var(--soft); font-weight: 400; }
.scroll { overflow-x: auto; margin-inline: -1.5rem; padding-inline: 1.5rem; }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; border-radius: 6px; }
table { width: 100%; border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: 0.85rem; padding-bottom: 0.6rem; }
th, td { text-align: left; padding: 0.45rem 1rem 0.45rem 0; vertical-align: baseline; border-top: 1px solid var(--line); }
thead > tr > * { border-top: 0; }
thead th { color: var(--soft); font-weight: 500; font-size: 0.8rem; white-space: nowrap; }
tbody th { font-weight: 500; overflow-wrap: anywhere; min-width: 10rem; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
td.wide { width: 30%; min-width: 7rem; }
code { font: 0.92em/1.4 ui-monospace, "SF Mono", Menlo, Consolas, monospace; unicode-bidi: isolate; }
.origin, .digest { display: block; color: var(--soft); font-size: 0.78rem; overflow-wrap: anywhere; font-weight: 400; }
a { color: var(--accent); text-underline-offset: 0.2em; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.bar { display: block; height: 0.55rem; border-radius: 3px; background: var(--track); overflow: hidden; }
.bar > i { display: block; height: 100%; border-radius: 3px; background: var(--accent); }
.low .bar > i { background: var(--bad); }
.fair .bar > i { background: var(--warn); }
.low .number:first-of-type { color: var(--bad); font-weight: 600; }
.key { display: flex; flex-wrap: wrap; gap: 0.3rem 1.2rem; list-style: none; padding: 0; font-size: 0.85rem; color: var(--soft); }
.key i { display: inline-block; width: 0.7rem; height: 0.7rem; border-radius: 3px; margin-right: 0.4rem; background: var(--accent); }
.key .fair i { background: var(--warn); }
.key .low i { background: var(--bad); }
.key .alone i { background: var(--soft); }
.chart { display: block; width: 100%; height: auto; }
.chart line { stroke: var(--line); }
.chart text { fill: var(--soft); font-size: 11px; }
.chart polyline { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round; }
.chart .alone { stroke: var(--soft); stroke-width: 1.25; }
.diagnostics { list-style: none; padding: 0; }
.diagnostics li { padding: 0.8rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.diagnostics li:first-child { border-top: 0; padding-top: 0; }
.diagnostics li:last-child { padding-bottom: 0; }
.diagnostics p + p { margin-top: 0.25rem; }
.badge { display: inline-block; border-radius: 999px; padding: 0 0.6rem; margin-right: 0.5rem; font-size: 0.78rem; font-weight: 600; line-height: 1.6;
  background: var(--accent-soft); color: var(--accent); }
.badge.warning { background: var(--warn-soft); color: var(--warn); }
.badge.error { background: var(--bad-soft); color: var(--bad); }
footer { margin-top: 1.5rem; color: var(--soft); font-size: 0.85rem; }
@media (max-width: 40rem) {
  .page { padding: 1.75rem 1rem 3rem; }
  section { padding: 1.1rem 1rem 1.2rem; }
  .scroll { margin-inline: -1rem; padding-inline: 1rem; }
  .figures > div { padding: 0.9rem 1rem 1rem; }
  .figures > .wide dd:first-of-type { font-size: 1.5rem; }
  td.wide { min-width: 6rem; }
}
@media print {
  body { background: none; }
  section, .figures > div { break-inside: avoid; }
}
`;
