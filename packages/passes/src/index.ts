export * from "./batch-symbols.ts";
export * from "./bind-dimensions.ts";
export { removeNodes, replaceNode } from "./edit.ts";
export { type Edit, edit, sizesOf } from "./edit-node.ts";
export * from "./fold-constants.ts";
export { fusePadding } from "./fuse-padding.ts";
export * from "./infer-shapes.ts";
export * from "./inline-graph.ts";
export { layerOnRows } from "./layer-on-rows.ts";
export * from "./layout/boundary.ts";
export * from "./layout/explain-transposes.ts";
export { orderForMemory, peakBytes } from "./memory/order-for-memory.ts";
export type { PatchOptions } from "./memory/patch-region.ts";
export { patches } from "./memory/patches.ts";
export * from "./pass.ts";
export * from "./pipelines.ts";
export { productToLayer } from "./product-to-layer.ts";
export {
  type BlockSize,
  blockScale,
  blockSizes,
  fewestBlockedRows,
  quantizeBlocks,
} from "./quantization/quantize-blocks.ts";
export { realBiases } from "./quantization/real-biases.ts";
export { quantizeBias, quantizeConstant, quantizeWeights } from "./quantization/stored-constants.ts";
export { unfoldQuantization, unfoldQuantizationBut } from "./quantization/unfold-quantization.ts";
export { recognizeAttention } from "./recognize-attention.ts";
export { recognizeUnrolledLstm } from "./recognize-unrolled-lstm.ts";
export * from "./remove-dead.ts";
export { isRefusal, type Refusal, type RewriteRule, refuse, rewrite } from "./rewrite.ts";
export { spellAttention } from "./spell-attention.ts";
export { spellMish } from "./spell-mish.ts";
export { spellNormalizations, spellNormalizationsBut } from "./spell-normalizations.ts";
export { reasonToKeep, unrollLstm, unrollRecurrent } from "./unroll-recurrent.ts";
