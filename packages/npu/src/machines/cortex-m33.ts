import type { Processor } from "../machine.ts";
import { calibration } from "./calibration.ts";

const {
  product,
  depthwiseProduct,
  element,
  softmaxElement,
  quantizeElement,
  portableQuantizeElement,
  optimizedQuantizeElement,
  realProduct,
} = calibration.cortexM33;

/** Cortex-M33 with optimised 8-bit kernels. */
export const cortexM33: Processor = {
  name: "Cortex-M33",
  product: product.value,
  depthwiseProduct: depthwiseProduct.value,
  element: element.value,
  softmaxElement: softmaxElement.value,
  quantizeElement: quantizeElement.value,
  portableQuantizeElement: portableQuantizeElement.value,
  optimizedQuantizeElement: optimizedQuantizeElement.value,
  realProduct: realProduct.value,
};
