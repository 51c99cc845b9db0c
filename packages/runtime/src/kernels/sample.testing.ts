import { fromNumbers, type Graph, numbersOf, perTensor, type Tensor, type ValueType } from "@millrace/ir";
import { type ReferenceOptions, referenceEngine } from "../interpreter.ts";

/** Numbers from a fixed sequence, uniform over the integers low … high. */
export function sequence(seed: number, count: number, low: number, high: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  });
}

export function tensor(dtype: Tensor["dtype"], shape: readonly number[], values: readonly number[]): Tensor {
  return fromNumbers(dtype, shape, values);
}

export function quantized(
  dtype: "i8" | "u8" | "i16",
  shape: readonly number[],
  scale: number,
  zeroPoint: number,
): ValueType {
  return { dtype, shape, quantization: perTensor(scale, zeroPoint) };
}

/** Runs a graph with one output in the reference engine; feeds are in the order of its inputs. */
export async function runGraph(
  graph: Graph,
  feeds: readonly Tensor[],
  options?: ReferenceOptions,
): Promise<{ readonly shape: readonly number[]; readonly values: number[] }> {
  const prepared = await referenceEngine(options).prepare(graph);
  const results = await prepared.run(new Map(graph.inputs.map(({ name }, index) => [name, feeds[index]])));
  const result = results.get(graph.outputs[0].name) as Tensor;
  return { shape: result.shape, values: Array.from(numbersOf(result)) };
}
