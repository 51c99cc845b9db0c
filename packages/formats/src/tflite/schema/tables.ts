import { modelTables } from "./model.ts";
import { controlOptions } from "./options-control.ts";
import { elementwiseOptions } from "./options-elementwise.ts";
import { layerOptions } from "./options-layers.ts";
import { shapeOptions } from "./options-shape.ts";
import { stablehloOptions } from "./options-stablehlo.ts";
import { quantizationTables } from "./quantization.ts";

/** Every table of the TFLite schema, version 3 with its revisions a to d. */
export const tables = {
  ...modelTables,
  ...quantizationTables,
  ...layerOptions,
  ...elementwiseOptions,
  ...shapeOptions,
  ...controlOptions,
  ...stablehloOptions,
} as const;
