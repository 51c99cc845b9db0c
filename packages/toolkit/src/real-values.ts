import {
  type Graph,
  givenInputs,
  integerRange,
  numbersOf,
  resultOutputs,
  type Tensor,
  tensorOf,
  type Value,
  zeros,
} from "@millrace/ir";
import type { Inference } from "./data/dataset.ts";
import type { ModelInput } from "./data/fit.ts";
import type { Outputs } from "./data/metrics.ts";

/** A graph's inputs as data sees them, without its states: integers that stand for reals take reals. */
export function modelInputs(graph: Graph): readonly ModelInput[] {
  return givenInputs(graph).map(({ name, type }) => ({
    name,
    shape: type.shape as readonly number[],
    dtype: type.quantization ? "f32" : type.dtype,
  }));
}

/** Real inputs in the types the graph takes. */
export function feedsOf(graph: Graph, inference: Inference): Inference {
  return new Map(givenInputs(graph).map((input) => [input.name, encode(inference.get(input.name)!, input)]));
}

/** Real outputs by the names the model's user knows. */
export function realOutputs(graph: Graph, results: ReadonlyMap<string, Tensor>): Outputs {
  return new Map(resultOutputs(graph).map(({ name, value }) => [name, decode(results.get(value.name)!, value)]));
}

/** round(x / scale) + zeroPoint with halves away from zero, clamped; the division is in float32 as TFLite's QUANTIZE does it. */
function encode(tensor: Tensor, { type }: Value): Tensor {
  if (type.quantization === undefined || tensor.dtype !== "f32") return tensor;
  const [low, high] = integerRange(type.dtype);
  const [scale] = type.quantization.scale;
  const [zeroPoint] = type.quantization.zeroPoint;
  const result = zeros(type.dtype, tensor.shape);
  const [source, target] = [numbersOf(tensor), result.data as Int8Array];
  for (let index = 0; index < source.length; index++) {
    const steps = Math.fround(source[index] / scale);
    const rounded = Math.sign(steps) * Math.floor(Math.abs(steps) + 0.5);
    target[index] = Math.min(high, Math.max(low, rounded + zeroPoint));
  }
  return result;
}

/** (q - zeroPoint) * scale. */
function decode(tensor: Tensor, { type }: Value): Tensor {
  if (type.quantization === undefined) return tensor;
  const [scale] = type.quantization.scale;
  const [zeroPoint] = type.quantization.zeroPoint;
  return tensorOf(
    "f32",
    tensor.shape,
    Float32Array.from(numbersOf(tensor), (value) => (value - zeroPoint) * scale),
  );
}
