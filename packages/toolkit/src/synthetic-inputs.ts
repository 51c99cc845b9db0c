import { elementCount, type Graph, integerRange, isFloat, type Tensor, type Value, zeros } from "@millrace/ir";
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
  const tensor = zeros(dtype, shape as readonly number[]);
  const [low, high] = isFloat(dtype) ? [-1, 1] : integerRange(dtype);
  if (dtype !== "f32" && dtype !== "f64" && !quantization) return tensor;
  const data = tensor.data as Float32Array;
  for (let index = 0; index < elementCount(tensor.shape); index++) data[index] = low + unitHash(index) * (high - low);
  return tensor;
}

/** A number from 0 to 1 by Knuth's multiplicative hash. */
function unitHash(index: number): number {
  return ((Math.imul(index + 1, 2654435761) >>> 0) % 65537) / 65536;
}
