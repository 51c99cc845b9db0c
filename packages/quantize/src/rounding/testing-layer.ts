import { numbersOf, type Tensor } from "@millrace/ir";
import { numberStream, randomTensor } from "../../../passes/src/testing.ts";
import type { IntegerConstant } from "../weighted-layer.ts";
import { InputProducts } from "./input-products.ts";

export const [outputs, size, rows] = [8, 24, 200];
const next = numberStream(7);
/** Inputs that follow four hidden numbers, and so vary together. */
const mixing = Array.from({ length: size * 4 }, next);

/** What the layer sees at so many places. */
export const inputs: readonly Float64Array[] = Array.from({ length: rows }, () => {
  const hidden = Array.from({ length: 4 }, next);
  return Float64Array.from(
    { length: size },
    (_, at) => 1 + 0.1 * next() + hidden.reduce((sum, part, index) => sum + part * mixing[at * 4 + index], 0),
  );
});
export const weights: Tensor = randomTensor([outputs, size], next);

export function productsOf(patches: readonly Float64Array[]): InputProducts {
  const products = new InputProducts(1, size);
  products.add({ count: patches.length, read: (place, numbers) => numbers.set(patches[place]) });
  return products;
}

/** For each output channel the mean square over the inputs of what a rounding changes, beyond its mean where that is corrected. */
export function lossesOf({ tensor, quantization }: IntegerConstant, centered: boolean): readonly number[] {
  const [real, stored] = [numbersOf(weights), numbersOf(tensor)];
  return Array.from({ length: outputs }, (_, output) => {
    const scale = quantization.scale[output % quantization.scale.length];
    const errors = inputs.map((input) =>
      input.reduce((sum, x, at) => sum + x * (stored[output * size + at] * scale - real[output * size + at]), 0),
    );
    const mean = centered ? errors.reduce((sum, error) => sum + error, 0) / rows : 0;
    return errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / rows;
  });
}
