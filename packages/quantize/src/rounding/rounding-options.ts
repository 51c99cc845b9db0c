import type { Tensor } from "@millrace/ir";
import type { IntegerConstant } from "../weighted-layer.ts";
import type { InputProducts } from "./input-products.ts";

/** What the rounding of a layer's weights goes by. */
export interface RoundingOptions {
  readonly products: InputProducts;
  /** Whether the bias will make up for the mean error, so that only what varies counts. */
  readonly centered: boolean;
  /** Least scale of an output channel. */
  readonly leastScale: (channel: number) => number;
}

/** Gives weights [outputs, …] as integers, on the samples closer to the layer's results than `nearest`, the usual rounding. */
export type RoundWeights = (weights: Tensor, nearest: IntegerConstant, options: RoundingOptions) => IntegerConstant;
