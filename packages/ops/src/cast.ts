import { bitsOf, type DType, fromNumbers, isFloat, numbersOf, reshapeTensor, type Tensor, zeros } from "@millrace/ir";
import { elementType } from "./attributes.ts";
import { defineOp, one } from "./define.ts";
import { bool, f32, i32, i64, literal } from "./literal.ts";
import { slicedAlike } from "./slicing.ts";
import { alongside } from "./transposing.ts";
import { whateverAxes } from "./widening.ts";

/** The same numbers in another element type. Fractions are cut off, integers wrap as in two's complement, and anything but 0 is true. */
export const cast = defineOp({
  name: "cast",
  inputs: { x: one() },
  attributes: { to: elementType },
  quantization: { kind: "float", why: "a cast takes numbers as they are stored, not the reals they stand for" },
  infer: ({ x }, { to }) => ({ dtype: to, shape: x.type.shape }),
  transposed: (_, attributes, permutation) => alongside(1, attributes, permutation),
  widened: whateverAxes,
  sliced: ({ x }, attributes, range) => slicedAlike([x], attributes, range),
  evaluate: ({ x }, { to }) => convert(x, to),
  samples: [
    { name: "fractions cut off", attributes: { to: "i32" }, inputs: [f32([1.9, -1.9, 0])], outputs: [i32([1, -1, 0])] },
    { name: "integers to reals", attributes: { to: "f32" }, inputs: [i64([[3], [-4]])], outputs: [f32([[3], [-4]])] },
    { name: "truth", attributes: { to: "bool" }, inputs: [f32([0.5, 0, -2])], outputs: [bool([1, 0, 1])] },
    {
      name: "to four bits",
      attributes: { to: "i4" },
      inputs: [f32([-9, -8.5, 7, 9])],
      outputs: [literal("i4", [7, -8, 7, -7])],
    },
    { name: "wide to narrow", attributes: { to: "i32" }, inputs: [i64([2 ** 32 + 5, -1])], outputs: [i32([5, -1])] },
  ],
});

function convert(x: Tensor, to: DType): Tensor {
  if (x.dtype === to) return reshapeTensor(x, x.shape);
  const { data } = x;
  const wide = data instanceof BigInt64Array || data instanceof BigUint64Array;
  if (wide && !isFloat(to) && to !== "bool") return narrow(data, x.shape, to);
  const numbers = numbersOf(x);
  if (isFloat(to)) return fromNumbers(to, x.shape, numbers);
  const whole = to === "bool" ? (value: number) => Number(value !== 0) : wrapperOf(to);
  return fromNumbers(to, x.shape, Float64Array.from(numbers, whole));
}

/** Cuts off fractions, and the bits above those that types of less than a byte have; the array does so for other types. */
function wrapperOf(to: DType): (value: number) => number {
  const bits = bitsOf(to);
  if (bits >= 8) return Math.trunc;
  const unused = 32 - bits;
  return to.startsWith("u") ? (value) => (value << unused) >>> unused : (value) => (value << unused) >> unused;
}

function narrow(data: BigInt64Array | BigUint64Array, shape: readonly number[], to: DType): Tensor {
  const result = zeros(to, shape);
  const target = result.data;
  if (target instanceof BigInt64Array || target instanceof BigUint64Array) {
    for (let at = 0; at < data.length; at++) target[at] = data[at];
  } else {
    const wrap = wrapperOf(to);
    for (let at = 0; at < data.length; at++) target[at] = wrap(Number(BigInt.asIntN(32, data[at])));
  }
  return result;
}
