import type { Handler } from "./call.ts";
import { activations } from "./ops/activations.ts";
import { affineQuantizations } from "./ops/affine-quantization.ts";
import { attentions } from "./ops/attention.ts";
import { chosen } from "./ops/chosen-parameters.ts";
import { columnOperators } from "./ops/columns.ts";
import { comparisons } from "./ops/comparisons.ts";
import { controlFlow } from "./ops/control-flow.ts";
import { creations } from "./ops/creation.ts";
import { diagonals } from "./ops/diagonals.ts";
import { distances } from "./ops/distances.ts";
import { elementwise } from "./ops/elementwise.ts";
import { embeddingBagOperators } from "./ops/embedding-bags.ts";
import { formulas } from "./ops/formulas.ts";
import { identities } from "./ops/identities.ts";
import { joining } from "./ops/joining.ts";
import { layers } from "./ops/layers.ts";
import { losses } from "./ops/losses.ts";
import { normalizations } from "./ops/normalizations.ts";
import { ordering } from "./ops/ordering.ts";
import { paddings } from "./ops/padding.ts";
import { picking } from "./ops/picking.ts";
import { placing } from "./ops/placing.ts";
import { pooling } from "./ops/pooling.ts";
import { quantizations } from "./ops/quantization.ts";
import { quantizedLayers } from "./ops/quantized-layers.ts";
import { recurrentLayers } from "./ops/recurrent.ts";
import { reductions } from "./ops/reductions.ts";
import { resizes } from "./ops/resizing.ts";
import { searching } from "./ops/searching.ts";
import { shapes } from "./ops/shapes.ts";
import { slices } from "./ops/slicing.ts";
import { stridedViews } from "./ops/strided.ts";
import { tensorProducts } from "./ops/tensor-products.ts";

/** How each overload is imported, by the name that PyTorch prints it with. */
export const handlers: Readonly<Record<string, Handler>> = {
  ...elementwise,
  ...embeddingBagOperators,
  ...comparisons,
  ...formulas,
  ...distances,
  ...diagonals,
  ...losses,
  ...activations,
  ...layers,
  ...normalizations,
  ...ordering,
  ...attentions,
  ...recurrentLayers,
  ...pooling,
  ...resizes,
  ...paddings,
  ...reductions,
  ...shapes,
  ...slices,
  ...joining,
  ...stridedViews,
  ...tensorProducts,
  ...picking,
  ...columnOperators,
  ...searching,
  ...placing,
  ...creations,
  ...identities,
  ...quantizations,
  ...chosen,
  ...affineQuantizations,
  ...quantizedLayers,
  ...controlFlow,
};
