import type { Diagnostic, Node, Tensor } from "@millrace/ir";
import type { IntegerConstant } from "../weighted-layer.ts";
import { compensateRounding } from "./compensate-rounding.ts";
import { learnRounding } from "./learn-rounding.ts";
import type { RoundingOptions, RoundWeights } from "./rounding-options.ts";

/** How weights become integers, by name; all but `nearest` go by how a layer's inputs vary together. */
export const roundings = {
  nearest: (_, nearest) => nearest,
  compensated: compensateRounding,
  learned: learnRounding,
} as const satisfies Readonly<Record<string, RoundWeights>>;

export type Rounding = keyof typeof roundings;

/** Outputs times the square of each one's weights, up to which rounding is learned: some ten seconds. */
const mostToLearn = 2 ** 30;

export interface RoundedWeights {
  readonly integers: IntegerConstant;
  readonly diagnostics: readonly Diagnostic[];
}

/** Rounds the weights of a node; those of a layer that is too large to learn are compensated, which a diagnostic tells. */
export function roundWeights(
  node: Node,
  weights: Tensor,
  nearest: IntegerConstant,
  { rounding, ...options }: RoundingOptions & { readonly rounding: Rounding },
): RoundedWeights {
  const isTooLarge = rounding === "learned" && weights.shape[0] * options.products.size ** 2 > mostToLearn;
  const round = roundings[isTooLarge ? "compensated" : rounding];
  return { integers: round(weights, nearest, options), diagnostics: isTooLarge ? [tooLarge(node)] : [] };
}

function tooLarge(node: Node): Diagnostic {
  return {
    code: "quantize.layer-too-large-to-learn",
    severity: "info",
    message: `${node.name} (${node.op.name}): its rounding is compensated, because it has too many weights to learn in reasonable time`,
    at: { node: node.name },
    hint: "nothing needs to be done; give the layer the scheme int16x8 or float32 if it loses too much",
  };
}
