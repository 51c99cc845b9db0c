import type { Processor } from "../machine.ts";
import { calibration } from "./calibration.ts";

const { product, element, softmaxElement, quantizeElement, realProduct } = calibration.cortexA55;

/** The Cortex-A55 of an i.MX 95, in cycles of its array's clock. */
export const cortexA55: Processor = {
  name: "Cortex-A55",
  product: product.value,
  depthwiseProduct: product.value,
  element: element.value,
  softmaxElement: softmaxElement.value,
  quantizeElement: quantizeElement.value,
  realProduct: realProduct.value,
};
