import { fail } from "@millrace/ir";
import { type BlockSize, blockSizes } from "@millrace/passes";
import { type LayerScheme, observers, recoveries, roundings, schemes } from "@millrace/quantize";
import {
  finite,
  integer,
  list,
  object,
  oneOf,
  optional,
  type Problem,
  required,
  text,
  truth,
  value,
} from "../data/validate.ts";
import type { QuantizeRequest } from "../quantize.ts";

/** All that decides how a model is quantized, besides the model and the samples. */
export type Recipe = Pick<QuantizeRequest, (typeof kept)[number]>;

const kept = [
  "scheme",
  "layers",
  "calibration",
  "percentile",
  "recover",
  "rounding",
  "perTensor",
  "block",
  "symmetric",
  "biasCorrection",
  "measuredBiases",
  "io",
  "samples",
] as const;

/** The recipe of a request. */
export function recipeOf(request: QuantizeRequest): Recipe {
  return Object.fromEntries(kept.flatMap((name) => (request[name] === undefined ? [] : [[name, request[name]]])));
}

const names = <T extends string>(table: Readonly<Record<T, unknown>>) => oneOf(Object.keys(table) as T[]);
const block = value(blockSizes.join(" or "), (candidate): candidate is BlockSize =>
  blockSizes.some((size) => size === candidate),
);
const most = 100_000;

const layer = object<LayerScheme>({
  scheme: required(names(schemes)),
  nodes: optional(list(text)),
  operators: optional(list(text)),
});

const recipe = object<Recipe>({
  scheme: optional(names(schemes)),
  layers: optional(list(layer, 0)),
  calibration: optional(names(observers)),
  percentile: optional(finite),
  recover: optional(list(names(recoveries), 0)),
  rounding: optional(names(roundings)),
  perTensor: optional(truth),
  block: optional(block),
  symmetric: optional(truth),
  biasCorrection: optional(truth),
  measuredBiases: optional(truth),
  io: optional(oneOf(["int8", "uint8", "int16", "float32"])),
  samples: optional(integer(1)),
});

/** The recipe that a parsed recipe.json holds. Unknown keys are errors. Throws `recipe.bad` whose message lists every problem with its path. */
export function parseRecipe(json: unknown): Recipe {
  const problems: Problem[] = [];
  const parsed = recipe(json, "", problems);
  const percentile = parsed?.percentile;
  if (percentile !== undefined && !(percentile > 0 && percentile <= 100))
    problems.push({ at: "percentile", message: "has to be more than 0 and at most 100" });
  if ((parsed?.layers?.length ?? 0) > most) problems.push({ at: "layers", message: `has more than ${most} entries` });
  if (parsed !== undefined && problems.length === 0) return parsed;
  const shown = problems.slice(0, 20).map(({ at, message }) => `${at || "the document"} ${message}`);
  return fail("recipe.bad", `the recipe has a problem: ${shown.join("; ")}`, {
    hint: "correct the named keys, or write a new recipe with --accuracy-drop",
  });
}
