import { externalFigures } from "./external/external-figures.ts";
import type { Report } from "./report.ts";
import { type Content, html } from "./report-html-markup.ts";
import { section } from "./report-html-tables.ts";

/** What a vendor's compiler made of the integer model. */
export function externalSection({ external }: Report): Content {
  if (external === undefined) return undefined;
  const { compiler, target, artifact, log } = external;
  const outcome = artifact === undefined ? "It failed" : `It made ${artifact}`;
  return section(
    "external",
    "External compiler",
    html`<p><code>${compiler}</code> ran for <code>${target}</code>. ${outcome}; what it said is in ${log}.</p>
<ul>${externalFigures(external).map((figure) => html`<li>${figure}</li>`)}</ul>`,
  );
}
