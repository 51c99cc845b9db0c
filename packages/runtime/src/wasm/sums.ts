import { type DType, integerRange } from "@millrace/ir";
import { multiplyBy } from "../arithmetic/multiplier.ts";
import type { Rescaling, StoredScaling } from "../kernels/finish.ts";
import type { KernelContext } from "../kernels/kernel.ts";
import type { SumScaling } from "./parameters.ts";
import { fastScaling, inAllLanes } from "./scaling.ts";

/** Fewer sums than this are scaled sooner than a faster scaling is proven. */
const worthProving = 512;

/** Sums of a node: the least and the greatest that there can be, how many there are, and the type of their results. */
interface Sums {
  readonly reach: readonly [number, number];
  readonly count: number;
  readonly dtype: DType;
}

/** The scaling of a node's sums in eight lanes alike. */
export function sumScaling(
  { multiplier, zeroPoint, low, high }: Rescaling,
  { rounding }: KernelContext,
  { reach, count, dtype }: Sums,
): SumScaling {
  const stored: StoredScaling = {
    multiply: multiplyBy[rounding],
    values: new Float64Array(8).fill(multiplier.value),
    shifts: new Int32Array(8).fill(multiplier.shift),
    wide: false,
    kind: rounding,
    ...{ zeroPoint, low, high },
  };
  const fast = count < worthProving ? undefined : fastScaling(stored, [reach], integerRange(dtype));
  return { stored, fast: fast && inAllLanes(fast) };
}
