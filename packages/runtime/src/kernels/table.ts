import type { OpName } from "@millrace/ops";
import { branching, type ControlFlow, looping } from "./control-flow.ts";
import { integerConvolution, realConvolution } from "./convolution.ts";
import { integerDiv } from "./division.ts";
import { integerHardSwish } from "./hard-swish.ts";
import { type KernelFactory, type Unsupported, unsupported } from "./kernel.ts";
import { integerL2Normalize } from "./l2-normalize.ts";
import { asymmetricLinear, integerLinear, realLinear } from "./linear.ts";
import { integerLstm } from "./lstm.ts";
import { integerMatmul, realMatmul } from "./matmul.ts";
import { evaluated, integerPad, unified } from "./movement.ts";
import {
  comparison,
  integerAdd,
  integerMaximum,
  integerMinimum,
  integerMul,
  integerShiftedAdd,
  integerShiftedSub,
  integerSquaredDifference,
  integerSub,
} from "./pairwise.ts";
import { integerAveragePool, integerMaxPool } from "./pooling.ts";
import { integerPrelu } from "./prelu.ts";
import { quantizing } from "./quantizing.ts";
import { integerMean, integerReduceProd, integerSum } from "./reduction.ts";
import { integerResize } from "./resize.ts";
import { integerLogSoftmax, integerSoftmax } from "./softmax.ts";
import { integerSvdf } from "./svdf.ts";
import { integerTransposeConvolution } from "./transpose-convolution.ts";
import {
  integerAbs,
  integerClamp,
  integerGelu,
  integerLeakyRelu,
  integerRsqrt,
  integerSigmoid,
  integerSqrt,
  integerTanh,
  tabulated,
} from "./unary.ts";

/** The operator's quantization rule says why it has no integer form. */
const floatOnly = unsupported();

/** What computes each operator on quantized values. */
export const integerKernels = {
  abs: integerAbs,
  neg: floatOnly,
  exp: tabulated,
  log: tabulated,
  sqrt: integerSqrt,
  rsqrt: integerRsqrt,
  square: floatOnly,
  sin: floatOnly,
  cos: floatOnly,
  floor: floatOnly,
  ceil: floatOnly,
  round: floatOnly,
  sign: floatOnly,
  erf: floatOnly,
  sigmoid: integerSigmoid,
  tanh: integerTanh,
  hardSwish: integerHardSwish,
  logicalNot: floatOnly,
  leakyRelu: integerLeakyRelu,
  elu: tabulated,
  gelu: integerGelu,
  clamp: integerClamp,
  add: integerAdd,
  sub: integerSub,
  mul: integerMul,
  div: integerDiv,
  maximum: integerMaximum,
  minimum: integerMinimum,
  pow: floatOnly,
  shiftedAdd: integerShiftedAdd,
  shiftedSub: integerShiftedSub,
  squaredDifference: integerSquaredDifference,
  atan2: floatOnly,
  bitwiseXor: evaluated,
  rightShift: evaluated,
  floorDiv: floatOnly,
  floorMod: floatOnly,
  equal: comparison((a, b) => a === b),
  notEqual: comparison((a, b) => a !== b),
  less: comparison((a, b) => a < b),
  lessEqual: comparison((a, b) => a <= b),
  greater: comparison((a, b) => a > b),
  greaterEqual: comparison((a, b) => a >= b),
  logicalAnd: floatOnly,
  logicalOr: floatOnly,
  conv2d: integerConvolution,
  conv3d: floatOnly,
  transposeConv3d: floatOnly,
  transposeConv2d: integerTransposeConvolution,
  linear: integerLinear,
  asymmetricLinear: asymmetricLinear,
  matmul: integerMatmul,
  svdf: integerSvdf,
  lstm: integerLstm,
  averagePool2d: integerAveragePool,
  l2Pool2d: floatOnly,
  maxPool2d: integerMaxPool,
  mean: integerMean,
  sum: integerSum,
  reduceMax: evaluated,
  reduceMin: evaluated,
  reduceProd: integerReduceProd,
  reduceAll: floatOnly,
  reduceAny: floatOnly,
  reshape: evaluated,
  transpose: evaluated,
  concat: unified,
  split: evaluated,
  slice: evaluated,
  pad: integerPad,
  gather: evaluated,
  gatherNd: evaluated,
  gatherBatched: evaluated,
  scatterNd: evaluated,
  dynamicUpdateSlice: evaluated,
  expand: evaluated,
  tile: evaluated,
  cast: evaluated,
  select: unified,
  shapeOf: evaluated,
  resize: integerResize,
  softmax: integerSoftmax,
  logSoftmax: integerLogSoftmax,
  localResponseNormalization: floatOnly,
  l2Normalize: integerL2Normalize,
  prelu: integerPrelu,
  batchNorm: unsupported("batch normalization is folded into the layer before it when a model is quantized"),
  depthToSpace: evaluated,
  spaceToDepth: evaluated,
  argMax: evaluated,
  argMin: evaluated,
  topK: evaluated,
  cumulativeSum: floatOnly,
  dynamicMean: floatOnly,
  dynamicSum: floatOnly,
  dynamicReduceMax: floatOnly,
  dynamicReduceMin: floatOnly,
  dynamicReduceProd: floatOnly,
  dynamicCumulativeSum: floatOnly,
  dynamicPad: floatOnly,
  dynamicSlice: floatOnly,
  quantize: quantizing,
  dequantize: evaluated,
  detectionPostprocess: evaluated,
  signalWindow: evaluated,
  signalFftAutoScale: evaluated,
  signalRfft: evaluated,
  signalIrfft: evaluated,
  signalEnergy: evaluated,
  signalFilterBank: evaluated,
  signalFilterBankSquareRoot: evaluated,
  signalFilterBankSpectralSubtraction: evaluated,
  signalPcan: evaluated,
  signalFilterBankLog: evaluated,
  signalFramer: evaluated,
  signalOverlapAdd: evaluated,
  signalStacker: evaluated,
  if: branching,
  while: looping,
} satisfies Record<OpName, KernelFactory | Unsupported | ControlFlow>;

/** Faster float32 kernels than the operators' own evaluation, with the same results. */
export const realKernels: Readonly<Partial<Record<OpName, KernelFactory>>> = {
  conv2d: realConvolution,
  linear: realLinear,
  matmul: realMatmul,
};
