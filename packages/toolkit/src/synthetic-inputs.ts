import {
  elementCount,
  fromNumbers,
  type Graph,
  integerRange,
  isFloat,
  type Tensor,
  type Value,
  zeros,
} from "@millrace/ir";
import type { Inference } from "./data/dataset.ts";

/**
 * Pseudo-random feeds, the same every time: reals from -1 to 1, integers that stand for reals over their whole range, and zeros
 * for all other integers, which may be indices. States are left to the engine.
 */
export function syntheticInputs(graph: Graph): Inference {
  const states = new Set(graph.states.map(({ input }) => input));
  const fed = graph.inputs.filter(({ name }) => !states.has(name));
  return new Map(fed.map((input) => [input.name, syntheticTensor(input)]));
}

function syntheticTensor({ type: { dtype, shape, quantization } }: Value): Tensor {
  const sizes = shape as readonly number[];
  if (!isFloat(dtype) && !quantization) return zeros(dtype, sizes);
  const [low, high] = isFloat(dtype) ? [-1, 1] : integerRange(dtype);
  const numbers = Float64Array.from(
    { length: elementCount(sizes) },
    (_, index) => low + unitHash(index) * (high - low),
  );
  return fromNumbers(dtype, sizes, isFloat(dtype) ? numbers : numbers.map(Math.round));
}

/** A number from 0 to 1 by Knuth's multiplicative hash. */
function unitHash(index: number): number {
  return ((Math.imul(index + 1, 2654435761) >>> 0) % 65537) / 65536;
}
