import type { InputProducts } from "./input-products.ts";

/** What is added to each input's variance, as a part of the mean: samples tell little about inputs that hardly vary. */
const damping = 0.1;

/** The inputs' covariance in a group, [size, size], with more variance than was seen, so that it is positive definite; where `centered` is false, the means of their products. */
export function dampedCovariance(products: InputProducts, group: number, centered: boolean): Float64Array {
  const { size } = products;
  const covariance = products.covariance(group, centered);
  let sum = 0;
  for (let index = 0; index < size; index++) sum += covariance[index * size + index];
  const extra = sum > 0 ? (sum / size) * damping : 1;
  for (let row = 0; row < size; row++) {
    covariance[row * size + row] += extra;
    for (let column = 0; column < row; column++) covariance[column * size + row] = covariance[row * size + column];
  }
  return covariance;
}
