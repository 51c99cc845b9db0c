import type { QuantizeRequest, Recipe } from "@millrace/toolkit";
import { jsonFile } from "./json-file.ts";
import { type QuantizationOptions, quantizeRequestOf } from "./quantization-options.ts";

/** What the options ask for; what a recipe says takes the place of options. */
export async function requestOf(options: QuantizationOptions): Promise<QuantizeRequest> {
  const request = quantizeRequestOf(options);
  return options.recipe === undefined ? request : { ...request, ...(await readRecipe(options.recipe)) };
}

async function readRecipe(path: string): Promise<Recipe> {
  const { parseRecipe } = await import("@millrace/toolkit");
  return parseRecipe(jsonFile(path, "recipe.no-json", "give a recipe.json as --accuracy-drop writes it"));
}

/** The bytes of a recipe.json. */
export function recipeBytes(recipe: Recipe): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(recipe, null, 2)}\n`);
}
