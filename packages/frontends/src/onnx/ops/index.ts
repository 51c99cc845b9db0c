import type { Importer } from "../source-node.ts";
import { activations } from "./activations.ts";
import { arbitraryPrecision } from "./arbitrary-precision.ts";
import { arrangements } from "./arrangement.ts";
import { attentions } from "./attention.ts";
import { bitOperators } from "./bits.ts";
import { caches } from "./caches.ts";
import { columnOperators } from "./column-to-image.ts";
import { withComputedParameters } from "./computed-parameters.ts";
import { constants } from "./constants.ts";
import { controlFlow } from "./control-flow.ts";
import { convolutions } from "./convolution.ts";
import { cumulatives } from "./cumulative.ts";
import { deformables } from "./deformable.ts";
import { determinants } from "./determinant.ts";
import { einsums } from "./einsum.ts";
import { elementwise } from "./elementwise.ts";
import { fouriers } from "./fourier.ts";
import { grids } from "./grid.ts";
import { hyperbolics } from "./hyperbolic.ts";
import { imageDecoding } from "./image-decoding.ts";
import { integers } from "./integers.ts";
import { linearAttentions } from "./linear-attention.ts";
import { losses } from "./losses.ts";
import { microsoft } from "./microsoft.ts";
import { normalizations } from "./normalization.ts";
import { paddings } from "./padding.ts";
import { picking } from "./picking.ts";
import { pooling } from "./pooling.ts";
import { products } from "./products.ts";
import { quantizations } from "./quantization.ts";
import { quantizedLayers } from "./quantized-layers.ts";
import { recurrentLayers } from "./recurrent.ts";
import { reductions } from "./reduction.ts";
import { regionAligns } from "./region-align.ts";
import { regionMaxima } from "./region-maximum.ts";
import { resizes } from "./resize.ts";
import { rotaryEmbeddings } from "./rotary-embedding.ts";
import { scattering } from "./scattering.ts";
import { selections } from "./selection.ts";
import { sequences } from "./sequences.ts";
import { shapes } from "./shape.ts";
import { suppressions } from "./suppression.ts";
import { trigonometry } from "./trigonometry.ts";
import { windows } from "./windows.ts";

/** How each operator is imported, by its name; other domains than ONNX's own stand before it, as in `com.microsoft.QuickGelu`. */
export const importers: Readonly<Record<string, Importer>> = withComputedParameters({
  ...elementwise,
  ...activations,
  ...hyperbolics,
  ...trigonometry,
  ...integers,
  ...bitOperators,
  ...convolutions,
  ...pooling,
  ...products,
  ...normalizations,
  ...reductions,
  ...cumulatives,
  ...einsums,
  ...determinants,
  ...losses,
  ...fouriers,
  ...windows,
  ...shapes,
  ...arrangements,
  ...selections,
  ...paddings,
  ...picking,
  ...grids,
  ...regionAligns,
  ...regionMaxima,
  ...deformables,
  ...columnOperators,
  ...scattering,
  ...suppressions,
  ...imageDecoding,
  ...resizes,
  ...constants,
  ...quantizations,
  ...controlFlow,
  ...sequences,
  ...attentions,
  ...quantizedLayers,
  ...microsoft,
  ...arbitraryPrecision,
  ...linearAttentions,
  ...rotaryEmbeddings,
  ...caches,
  ...recurrentLayers,
});
