import { fromNumbers, integerRange, type Node, type Tensor } from "@millrace/ir";
import { dequantize, quantize } from "./quantize.ts";

/**
 * What an operator that looks at each element alone makes of every integer of its input's type, least first: computed in float32, and
 * stored as the result's type says, halves rounded away from zero. Both have one scale and at most 16 bits.
 */
export function resultTable({ op, attributes, inputs: [x], outputs: [y] }: Node): Tensor {
  const [low, high] = integerRange(x!.type.dtype);
  const shape = [high - low + 1];
  const stored = Array.from({ length: shape[0] }, (_, at) => low + at);
  const real = { dtype: "f32", shape } as const;
  const reals = dequantize.evaluate!([fromNumbers(x!.type.dtype, shape, stored)], {}, [real], [{ ...x!.type, shape }]);
  const results = op.evaluate!(reals, attributes, [real]);
  const { dtype, quantization } = y.type;
  const { scale, zeroPoint } = quantization!;
  const type = { dtype, shape, quantization: quantization! };
  return quantize.evaluate!(results, { dtype, scale, zeroPoint, axis: -1, rounding: "away" }, [type], [real])[0];
}
