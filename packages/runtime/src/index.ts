export { roundAwayFromZero } from "./arithmetic/fixed-point.ts";
export { type Multiplier, type Multiply, multiplyBy, multiplyWide, type Rounding } from "./arithmetic/multiplier.ts";
export * from "./engine.ts";
export * from "./feeds.ts";
export * from "./interpreter.ts";
export { broadcastOffsets } from "./kernels/broadcast.ts";
export { convolutionScaling } from "./kernels/convolution.ts";
export { type Rescaling, type Scaling, type StoredScaling, storedScaling } from "./kernels/finish.ts";
export { activationClamp, affineOf, type Flavor, type Kernel, type KernelContext } from "./kernels/kernel.ts";
export { linearScaling } from "./kernels/linear.ts";
export { conversions, storedPadding } from "./kernels/movement.ts";
export {
  addParts,
  combinations,
  identityMultiplier,
  maximumParts,
  minimumParts,
  mulParts,
  type PairParts,
  type PreparePair,
  type ScaledPair,
  type ScaledSide,
  scaledProduct,
  scaledSum,
  squaredDifferenceParts,
  subParts,
} from "./kernels/pairwise.ts";
export { preluMultipliers } from "./kernels/prelu.ts";
export { meanRescaling } from "./kernels/reduction.ts";
export { fixedPointMixing } from "./kernels/resize.ts";
export { createScratch } from "./kernels/scratch.ts";
export { transposedScaling } from "./kernels/transpose-convolution.ts";
export { clampRescaling, leakyReluRescalings, requantizing } from "./kernels/unary.ts";
export { integerKernelGap, kernelOf } from "./plan.ts";
export * from "./planner/index.ts";
export * from "./threads/index.ts";
export { createTurn } from "./turn.ts";
export { type Block, blocksOf } from "./wasm/blocks.ts";
export * from "./wasm/engine.ts";
export { positionsOf, type Source, sourcesOf } from "./wasm/movement.ts";
