import type { Importer } from "../source-node.ts";
import { arrangements } from "./arrangement.ts";
import { attentions } from "./attention.ts";
import { constants } from "./constants.ts";
import { controlFlow } from "./control-flow.ts";
import { convolutions } from "./convolution.ts";
import { elementwise } from "./elementwise.ts";
import { normalizations } from "./normalization.ts";
import { pooling } from "./pooling.ts";
import { products } from "./products.ts";
import { quantizations } from "./quantization.ts";
import { reductions } from "./reduction.ts";
import { resizes } from "./resize.ts";
import { shapes } from "./shape.ts";

/** How each operator is imported, by its name; other domains than ONNX's own stand before it, as in `com.microsoft.QuickGelu`. */
export const importers: Readonly<Record<string, Importer>> = {
  ...elementwise,
  ...convolutions,
  ...pooling,
  ...products,
  ...normalizations,
  ...reductions,
  ...shapes,
  ...arrangements,
  ...resizes,
  ...constants,
  ...quantizations,
  ...controlFlow,
  ...attentions,
};
