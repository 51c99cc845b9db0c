import { isFloat, type Value } from "@millrace/ir";
import type { KernelFactory } from "./kernel.ts";
import { evaluated } from "./movement.ts";
import { requantize } from "./unary.ts";

/** Reals, and whatever halves are rounded to even of, by division in float32; other stored integers to other parameters by multiplier. */
export const quantizing: KernelFactory = (node, context) => {
  const divides = isFloat((node.inputs[0] as Value).type.dtype) || node.attributes.rounding === "even";
  return (divides ? evaluated : requantize)(node, context);
};
