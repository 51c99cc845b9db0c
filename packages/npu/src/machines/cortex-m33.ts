import type { Processor } from "../machine.ts";
import { calibration } from "./calibration.ts";

const { softmaxElement, quantizeElement, realProduct } = calibration.cortexM33;

/** Cortex-M33 with optimised 8-bit kernels; products and elements fitted on measurements of an nRF5340, the others on vendor demonstrations. */
export const cortexM33: Processor = {
  name: "Cortex-M33",
  product: 2.86,
  depthwiseProduct: 2,
  element: 34,
  softmaxElement: softmaxElement.value,
  quantizeElement: quantizeElement.value,
  realProduct: realProduct.value,
};
