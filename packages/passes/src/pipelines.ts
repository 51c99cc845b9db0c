import { absorbNegation } from "./absorb-negation.ts";
import { divideByMultiplying } from "./divide-by-multiplying.ts";
import { dropReducedAxes } from "./drop-reduced-axes.ts";
import { foldConstants } from "./fold-constants.ts";
import { foldScaling } from "./fold-scaling.ts";
import { foldScalingAhead } from "./fold-scaling-ahead.ts";
import { foldScalingBehind } from "./fold-scaling-behind.ts";
import { foldScoreScale } from "./fold-score-scale.ts";
import { fuseActivations } from "./fuse-activations.ts";
import { fusePadding } from "./fuse-padding.ts";
import { inferShapes } from "./infer-shapes.ts";
import { inlineBranches } from "./inline-branches.ts";
import { layerOnRows } from "./layer-on-rows.ts";
import { absorbChannelOrder } from "./layout/absorb-channel-order.ts";
import { absorbIntoLinear } from "./layout/absorb-into-linear.ts";
import { absorbIntoBoundary, type BoundaryChange } from "./layout/boundary.ts";
import { changeLayout } from "./layout/change-layout.ts";
import { exchangeFactors } from "./layout/exchange-factors.ts";
import { explainTransposes } from "./layout/explain-transposes.ts";
import { flattenAfterLinear } from "./layout/flatten-after-linear.ts";
import { foldIntoMatmul } from "./layout/fold-into-matmul.ts";
import { keepUnitAxes } from "./layout/keep-unit-axes.ts";
import { mergeTransposes } from "./layout/merge-transposes.ts";
import { pullTransposes } from "./layout/pull-transposes.ts";
import { pushTransposes } from "./layout/push-transposes.ts";
import { reshapeRealBoundary } from "./layout/reshape-real-boundary.ts";
import { transposeToReshape } from "./layout/transpose-to-reshape.ts";
import { mergeClamps } from "./merge-clamps.ts";
import { mergeDuplicates } from "./merge-duplicates.ts";
import { mergeReshapes } from "./merge-reshapes.ts";
import { mergeScaling } from "./merge-scaling.ts";
import { normalizeBeforeReshape } from "./normalize-before-reshape.ts";
import { joinGates } from "./parts/join-gates.ts";
import { joinParts } from "./parts/join-parts.ts";
import { mergeSplitAxis } from "./parts/merge-split-axis.ts";
import { slicesToSplit } from "./parts/slices-to-split.ts";
import { splitReshaped } from "./parts/split-reshaped.ts";
import type { Pass } from "./pass.ts";
import { productOnAxes } from "./product-on-axes.ts";
import { productToLayer } from "./product-to-layer.ts";
import { dropInnerQuantization } from "./quantization/drop-inner-quantization.ts";
import { foldQuantization } from "./quantization/fold-quantization.ts";
import { foldRequantization } from "./quantization/fold-requantization.ts";
import { quantizeEarly } from "./quantization/quantize-early.ts";
import { realWeights } from "./quantization/real-weights.ts";
import { recognizeDynamic } from "./quantization/recognize-dynamic.ts";
import { signBytes } from "./quantization/sign-bytes.ts";
import { recognizeActivations } from "./recognize-activations.ts";
import { recognizeBilinearResizes } from "./recognize-bilinear-resizes.ts";
import { recognizeGroups } from "./recognize-groups.ts";
import { recognizeNearestResizes } from "./recognize-nearest-resizes.ts";
import { recognizeNormalizations } from "./recognize-normalizations.ts";
import { recognizeRearrangements } from "./recognize-rearrangements.ts";
import { recognizeSigmoid } from "./recognize-sigmoid.ts";
import { recognizeSlopes } from "./recognize-slopes.ts";
import { recognizeSoftmax } from "./recognize-softmax.ts";
import { removeDead } from "./remove-dead.ts";
import { removeIdentities } from "./remove-identities.ts";
import { scaleBeforeClamp } from "./scale-before-clamp.ts";

const tidy: readonly Pass[] = [removeIdentities, mergeReshapes, removeIdentities, mergeDuplicates, removeDead];

/**
 * Makes a graph small whatever it is for: constants folded, affine steps in weights, activations and padding fused, and operators between
 * dequantize and quantize nodes computed on integers.
 */
export const cleanUp: readonly Pass[] = [
  inferShapes,
  productToLayer,
  foldConstants,
  inlineBranches,
  layerOnRows,
  productOnAxes,
  ...tidy,
  recognizeActivations,
  recognizeSigmoid,
  recognizeSlopes,
  recognizeSoftmax,
  recognizeRearrangements,
  recognizeBilinearResizes,
  recognizeNearestResizes,
  recognizeNormalizations,
  recognizeGroups,
  foldScalingBehind,
  dropInnerQuantization,
  divideByMultiplying,
  mergeClamps,
  scaleBeforeClamp,
  foldScoreScale,
  flattenAfterLinear,
  exchangeFactors,
  foldIntoMatmul,
  ...tidy,
  joinParts,
  slicesToSplit,
  mergeSplitAxis,
  splitReshaped,
  joinGates,
  absorbNegation,
  ...tidy,
  normalizeBeforeReshape,
  foldScaling,
  mergeScaling,
  mergeClamps,
  fuseActivations,
  fusePadding,
  dropReducedAxes,
  removeIdentities,
  quantizeEarly,
  foldQuantization,
  foldRequantization,
  signBytes,
  fusePadding,
  recognizeDynamic,
  realWeights,
  foldConstants,
  removeDead,
];

/** Turns all image-like data to one layout and removes the transposes that this makes. With `absorbing`, inputs are about to become channel-last. */
export function layoutPasses(to: "first" | "last", absorbing = false): readonly Pass[] {
  return [
    changeLayout(to),
    pushTransposes,
    mergeTransposes,
    foldIntoMatmul,
    absorbIntoLinear,
    pullTransposes(absorbing),
    mergeTransposes,
    transposeToReshape,
    ...tidy,
    keepUnitAxes,
    ...tidy,
    dropReducedAxes,
  ];
}

/**
 * The way to channel-last targets. With `boundary`, inputs and outputs change too and are added to it; without, they keep the
 * source's layout. Each transpose that stays is noted with the reason.
 */
export function channelsLast(boundary?: BoundaryChange[]): readonly Pass[] {
  return [
    ...layoutPasses("last", boundary !== undefined),
    ...(boundary ? [reshapeRealBoundary, absorbIntoBoundary(boundary), ...tidy] : []),
    absorbChannelOrder,
    foldScalingAhead,
    fuseActivations,
    fusePadding,
    foldConstants,
    removeDead,
    explainTransposes,
  ];
}
