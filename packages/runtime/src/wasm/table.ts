import type { OpName } from "@millrace/ops";
import {
  addParts,
  maximumParts,
  minimumParts,
  mulParts,
  squaredDifferenceParts,
  subParts,
} from "../kernels/pairwise.ts";
import { fastConv2d, fastLinear } from "./convolution.ts";
import type { FastKernelFactory } from "./kernel.ts";
import { fastJoining, fastMovement, fastNearest } from "./movement.ts";
import { fastPairwise } from "./pairwise.ts";
import { fastAveragePool } from "./pooling.ts";
import { fastReshape } from "./reshape.ts";
import { fastElementwise } from "./tables.ts";

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
  leakyRelu: fastElementwise,
  elu: fastElementwise,
  gelu: fastElementwise,
  clamp: fastElementwise,
  quantize: fastElementwise,
  add: fastPairwise(addParts),
  sub: fastPairwise(subParts),
  mul: fastPairwise(mulParts),
  maximum: fastPairwise(maximumParts),
  minimum: fastPairwise(minimumParts),
  squaredDifference: fastPairwise(squaredDifferenceParts),
  conv2d: fastConv2d,
  linear: fastLinear,
  averagePool2d: fastAveragePool,
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
  resize: fastNearest,
};
