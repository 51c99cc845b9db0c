import { factorsFirst, foldAffine, mergeAffine } from "./fold-affine.ts";
import { decomposeBatchNorm, foldBatchNorm } from "./fold-batch-norm.ts";
import { foldConstants } from "./fold-constants.ts";
import { fuseActivations, mergeClamps } from "./fuse-activations.ts";
import { fusePadding } from "./fuse-padding.ts";
import { inferShapes } from "./infer-shapes.ts";
import { absorbIntoBoundary, type BoundaryChange } from "./layout/boundary.ts";
import { changeLayout } from "./layout/change-layout.ts";
import { absorbIntoLinear, mergeTransposes, transposeToReshape } from "./layout/merge-transposes.ts";
import { pullTransposes, pushTransposes } from "./layout/push-transposes.ts";
import { mergeDuplicates } from "./merge-duplicates.ts";
import type { Pass } from "./pass.ts";
import { removeDead } from "./remove-dead.ts";
import { dropReducedAxes, mergeReshapes, removeIdentities } from "./simplify.ts";

const tidy: readonly Pass[] = [removeIdentities, mergeReshapes, mergeDuplicates, removeDead];

/** Makes a float graph small whatever it is for: constants folded, affine steps in weights, activations and padding fused. */
export const cleanUp: readonly Pass[] = [
  inferShapes,
  foldConstants,
  ...tidy,
  foldBatchNorm,
  foldAffine,
  decomposeBatchNorm,
  factorsFirst,
  mergeAffine,
  foldAffine,
  mergeClamps,
  fuseActivations,
  fusePadding,
  dropReducedAxes,
  removeDead,
];

/** Turns all image-like data to one layout and removes the transposes that this makes. */
export function layoutPasses(to: "first" | "last"): readonly Pass[] {
  return [
    changeLayout(to),
    pushTransposes,
    mergeTransposes,
    absorbIntoLinear,
    pullTransposes,
    mergeTransposes,
    transposeToReshape,
    ...tidy,
    dropReducedAxes,
  ];
}

/** The way to channel-last targets. With `boundary`, inputs and outputs change too and are added to it; without, they keep the source's layout. */
export function channelsLast(boundary?: BoundaryChange[]): readonly Pass[] {
  const absorb = boundary ? [absorbIntoBoundary(boundary)] : [];
  return [...layoutPasses("last"), ...absorb, ...tidy, fuseActivations, fusePadding, foldConstants, removeDead];
}
