import type { Processor } from "../machine.ts";

/** Cortex-M33 with optimised 8-bit kernels; products and elements fitted on measurements of an nRF5340, the others on vendor demonstrations. */
export const cortexM33: Processor = {
  name: "Cortex-M33",
  product: 2.86,
  depthwiseProduct: 2,
  element: 34,
  softmaxElement: 320,
  quantizeElement: 60,
  realProduct: 84,
};
