import type { Operator } from "@millrace/ir";
import { argMax, argMin } from "./arg-extreme.ts";
import { attention } from "./attention.ts";
import { batchNorm } from "./batch-norm.ts";
import { arithmeticOperators, comparisonOperators, plainBinaryOperators } from "./binary.ts";
import { cast } from "./cast.ts";
import { concat } from "./concat.ts";
import { conv2d } from "./conv2d.ts";
import { cumulativeSum } from "./cumulative-sum.ts";
import { depthToSpace, spaceToDepth } from "./depth-to-space.ts";
import { detectionPostprocess } from "./detection-postprocess.ts";
import { dynamicOperators } from "./dynamic.ts";
import { dynamicUpdateSlice } from "./dynamic-update-slice.ts";
import { expand } from "./expand.ts";
import { gather } from "./gather.ts";
import { gatherBatched } from "./gather-batched.ts";
import { gatherNd } from "./gather-nd.ts";
import { groupNormalization } from "./group-normalization.ts";
import { ifOperator } from "./if.ts";
import { l2Normalize } from "./l2-normalize.ts";
import { asymmetricLinear, linear } from "./linear.ts";
import { localResponseNormalization } from "./local-response-normalization.ts";
import { lstm } from "./lstm.ts";
import { matmul } from "./matmul.ts";
import { nonMaxSuppression } from "./non-max-suppression.ts";
import { layerNormalization, rmsNormalization } from "./normalize.ts";
import { npuProgram } from "./npu-program.ts";
import { pad } from "./pad.ts";
import { clamp, elu, gelu, leakyRelu } from "./parametric.ts";
import { averagePool2d, l2Pool2d, maxPool2d } from "./pool2d.ts";
import { prelu } from "./prelu.ts";
import { dequantize, quantize } from "./quantize.ts";
import { reductionOperators } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { resize } from "./resize.ts";
import { scan } from "./scan.ts";
import { scatterNd } from "./scatter-nd.ts";
import { select } from "./select.ts";
import { shapeOf } from "./shape-of.ts";
import { signalOperators } from "./signal/index.ts";
import { slice } from "./slice.ts";
import { logSoftmax, softmax } from "./softmax.ts";
import { split } from "./split.ts";
import { svdf } from "./svdf.ts";
import { tile } from "./tile.ts";
import { topK } from "./top-k.ts";
import { transpose } from "./transpose.ts";
import { transposeConv2d } from "./transpose-conv2d.ts";
import { unaryOperators } from "./unary.ts";
import { unique } from "./unique.ts";
import { conv3d, transposeConv3d } from "./volumes.ts";
import { where } from "./where.ts";
import { whileOperator } from "./while.ts";

const all = {
  ...unaryOperators,
  leakyRelu,
  elu,
  gelu,
  clamp,
  prelu,
  ...arithmeticOperators,
  ...plainBinaryOperators,
  ...comparisonOperators,
  select,
  conv2d,
  transposeConv2d,
  conv3d,
  transposeConv3d,
  linear,
  asymmetricLinear,
  matmul,
  attention,
  svdf,
  lstm,
  averagePool2d,
  l2Pool2d,
  maxPool2d,
  batchNorm,
  layerNormalization,
  rmsNormalization,
  groupNormalization,
  softmax,
  logSoftmax,
  l2Normalize,
  localResponseNormalization,
  ...reductionOperators,
  argMax,
  argMin,
  topK,
  cumulativeSum,
  ...dynamicOperators,
  reshape,
  transpose,
  concat,
  split,
  slice,
  pad,
  gather,
  gatherNd,
  gatherBatched,
  scatterNd,
  dynamicUpdateSlice,
  expand,
  tile,
  resize,
  depthToSpace,
  spaceToDepth,
  where,
  unique,
  shapeOf,
  cast,
  quantize,
  dequantize,
  detectionPostprocess,
  nonMaxSuppression,
  npuProgram,
  ...signalOperators,
  if: ifOperator,
  while: whileOperator,
  scan,
} satisfies Record<string, Operator>;

export type OpName = keyof typeof all;

/** Every operator by name. */
export const operators: ReadonlyMap<string, Operator> = new Map(Object.entries(all));
