import type { Basis } from "@millrace/quantize";
import type { LikeReport } from "./report.ts";

const mostNames = 5;

const reasons: Readonly<Partial<Record<Basis, string>>> = {
  operator: "operators fix those of",
  samples: "samples gave those of",
};

/** Which parameters come from the given model and which do not, in a sentence. */
export function likeText({ source, given, others }: LikeReport): string {
  const parts = Object.entries(reasons).flatMap(([basis, reason]) => {
    const names = others.filter((other) => other.basis === basis).map(({ name }) => name);
    const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : "";
    return names.length === 0 ? [] : [`${reason} ${names.slice(0, mostNames).join(", ")}${more}`];
  });
  return [`${given} of ${given + others.length} results have the parameters of ${source}`, ...parts].join("; ");
}
