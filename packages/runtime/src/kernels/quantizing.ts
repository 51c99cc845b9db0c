import { isFloat, type Value } from "@millrace/ir";
import type { KernelFactory } from "./kernel.ts";
import { evaluated } from "./movement.ts";
import { requantize } from "./unary.ts";

/** Reals to stored integers by division in float32, stored integers to other parameters by multiplier. */
export const quantizing: KernelFactory = (node, context) =>
  (isFloat((node.inputs[0] as Value).type.dtype) ? evaluated : requantize)(node, context);
