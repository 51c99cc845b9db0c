import type { QuantizeRequest, Recipe } from "@millrace/toolkit";
import { type QuantizationOptions, quantizeRequestOf } from "./quantization-options.ts";
import { readWholeFile } from "./read-file.ts";
import { RequestError } from "./request-error.ts";

/** What the options ask for; what a recipe says takes the place of options. */
export async function requestOf(options: QuantizationOptions): Promise<QuantizeRequest> {
  const request = quantizeRequestOf(options);
  return options.recipe === undefined ? request : { ...request, ...(await readRecipe(options.recipe)) };
}

const mostBytes = 2 ** 24;

async function readRecipe(path: string): Promise<Recipe> {
  const { parseRecipe } = await import("@millrace/toolkit");
  const bytes = readWholeFile(path);
  return parseRecipe(parsedJson(bytes, path));
}

function parsedJson(bytes: Uint8Array, path: string): unknown {
  try {
    if (bytes.length <= mostBytes) return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // Told below, as for a file that is too large.
  }
  throw new RequestError("recipe.no-json", `${path} is no JSON document of a sensible size`, {
    hint: "give a recipe.json as --accuracy-drop writes it",
  });
}

/** The bytes of a recipe.json. */
export function recipeBytes(recipe: Recipe): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(recipe, null, 2)}\n`);
}
