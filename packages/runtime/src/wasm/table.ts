import type { OpName } from "@millrace/ops";
import {
  addParts,
  maximumParts,
  minimumParts,
  mulParts,
  squaredDifferenceParts,
  subParts,
} from "../kernels/pairwise.ts";
import { meanRescaling } from "../kernels/reduction.ts";
import { fastConv2d, fastLinear } from "./convolution.ts";
import type { FastKernelFactory } from "./kernel.ts";
import { fastJoining, fastMovement } from "./movement.ts";
import { fastPairwise } from "./pairwise.ts";
import { fastAveragePool, fastMaxPool } from "./pooling.ts";
import { fastQuantize } from "./quantize.ts";
import { fastExtreme, fastSum } from "./reductions.ts";
import { fastReshape } from "./reshape.ts";
import { fastResize } from "./resize.ts";
import { fastSoftmax } from "./softmax.ts";
import { fastElementwise } from "./tables.ts";
import { fastTransposeConv2d } from "./transpose-convolution.ts";

/** Faster kernels for nodes on quantized values; what has none, or one that refuses, runs in its reference kernel. */
export const fastKernels: Readonly<Partial<Record<OpName, FastKernelFactory>>> = {
  abs: fastElementwise,
  exp: fastElementwise,
  log: fastElementwise,
  sqrt: fastElementwise,
  rsqrt: fastElementwise,
  sigmoid: fastElementwise,
  tanh: fastElementwise,
  hardSwish: fastElementwise,
  mish: fastElementwise,
  leakyRelu: fastElementwise,
  elu: fastElementwise,
  gelu: fastElementwise,
  clamp: fastElementwise,
  quantize: fastQuantize,
  dequantize: fastElementwise,
  add: fastPairwise(addParts),
  sub: fastPairwise(subParts),
  mul: fastPairwise(mulParts),
  maximum: fastPairwise(maximumParts),
  minimum: fastPairwise(minimumParts),
  squaredDifference: fastPairwise(squaredDifferenceParts),
  conv2d: fastConv2d,
  linear: fastLinear,
  transposeConv2d: fastTransposeConv2d,
  averagePool2d: fastAveragePool,
  maxPool2d: fastMaxPool,
  mean: fastSum(meanRescaling),
  reduceMax: fastExtreme("greatestPool"),
  reduceMin: fastExtreme("leastPool"),
  softmax: fastSoftmax,
  reshape: fastReshape,
  transpose: fastMovement,
  concat: fastJoining,
  split: fastMovement,
  slice: fastMovement,
  pad: fastMovement,
  gather: fastMovement,
  gatherNd: fastMovement,
  gatherBatched: fastMovement,
  expand: fastMovement,
  tile: fastMovement,
  depthToSpace: fastMovement,
  spaceToDepth: fastMovement,
  resize: fastResize,
};
