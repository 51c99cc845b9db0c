import { elementCount, fromNumbers, numbersOf, type Value } from "@millrace/ir";
import { entryAt } from "../scaling.ts";
import type { StoredConstant } from "./stored-layer.ts";

/**
 * A constant of integers that stands for `factors` times the reals of `stored`, one factor for each index of `axis`: the scales change, and
 * a negative factor turns signs. Undefined where integers around zero with scales along `axis` can't say it.
 */
export function scaledStored(
  { constant, type }: Value,
  axis: number,
  factors: ArrayLike<number>,
): StoredConstant | undefined {
  const { scale, zeroPoint, axis: own = axis } = type.quantization!;
  if (own !== axis || zeroPoint.some((zero) => zero !== 0)) return undefined;
  const channels = constant!.shape[axis];
  const inner = elementCount(constant!.shape.slice(axis + 1));
  const steps = Array.from({ length: channels }, (_, channel) =>
    Math.fround(entryAt(scale, channel) * Math.abs(entryAt(factors, channel))),
  );
  if (!steps.every((step) => step > 0 && Number.isFinite(step))) return undefined;
  const numbers = numbersOf(constant!);
  const turned = Float64Array.from(numbers, (number, at) =>
    entryAt(factors, Math.floor(at / inner) % channels) < 0 ? -number : number,
  );
  const tensor = fromNumbers(constant!.dtype, constant!.shape, turned);
  const held = numbersOf(tensor);
  if (turned.some((number, at) => number !== held[at])) return undefined;
  return { tensor, quantization: { scale: steps, zeroPoint: steps.map(() => 0), axis } };
}
