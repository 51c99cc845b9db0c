import type { Node, Tensor, Value } from "@millrace/ir";
import { type Activation, activationRanges } from "@millrace/ops";
import { roundAwayFromZero } from "../arithmetic/fixed-point.ts";
import { type FinishFactory, offsetsOf } from "./finish.ts";
import type { Center, Scratch } from "./scratch.ts";

/** Whether reals become bytes around zero or with a zero point that makes use of all 256. */
export type DynamicKind = "symmetric" | "asymmetric";

const single = Math.fround;

/** How the bytes of one entry stand for its reals. */
export interface EntrySteps {
  readonly scale: number;
  readonly zeroPoint: number;
}

interface Steps extends EntrySteps {
  readonly inverse: number;
  readonly least: number;
}

/** TFLite's SymmetricQuantizeFloats: ±127 steps to the largest size. */
function symmetricSteps(low: number, high: number): Steps {
  const range = Math.max(Math.abs(low), Math.abs(high));
  return { scale: single(range / 127), inverse: single(127 / range), zeroPoint: 0, least: -127 };
}

/** TFLite's AsymmetricQuantizeFloats: 255 steps over a range that has zero in it, which is a step of its own. */
function asymmetricSteps(low: number, high: number): Steps {
  const [from, to] = [Math.min(0, low), Math.max(0, high)];
  const step = (to - from) / 255;
  const [atLow, atHigh] = [-128 - from / step, 127 - to / step];
  const exact = 128 + Math.abs(from / step) < 127 + Math.abs(to / step) ? atLow : atHigh;
  const zeroPoint = Math.max(-128, Math.min(127, roundAwayFromZero(exact)));
  const scale = single(step);
  return { scale, inverse: single(1 / scale), zeroPoint, least: -128 };
}

const stepsOf = { symmetric: symmetricSteps, asymmetric: asymmetricSteps };

/** Writes reals as whole steps from zero, rounded before the zero point is added. */
export function quantizeEntry(source: Float32Array, target: Float64Array, at: number, kind: DynamicKind): EntrySteps {
  let [low, high] = [source[0] ?? 0, source[0] ?? 0];
  for (const x of source) {
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  if (low === 0 && high === 0) {
    target.fill(0, at, at + source.length);
    return { scale: 1, zeroPoint: 0 };
  }
  const { scale, inverse, zeroPoint, least } = stepsOf[kind](low, high);
  for (let index = 0; index < source.length; index++) {
    const stored = zeroPoint + roundAwayFromZero(single(source[index] * inverse));
    target[at + index] = Math.max(least, Math.min(127, stored)) - zeroPoint;
  }
  return { scale, zeroPoint };
}

/** How many elements of the data, and of the result, share one scale. */
export interface Entries {
  readonly data: (tensor: Tensor) => number;
  readonly result: number;
}

/**
 * Dynamic-range ("hybrid") products: each entry of real data is stored in 8 bits on its own while the model runs, so that it
 * meets 8-bit weights in integers; sums become real by the scales of both.
 */
export function hybrid(
  node: Node,
  scratch: Scratch,
  kind: DynamicKind,
  entries: Entries,
): { readonly center: Center; readonly finish: FinishFactory } {
  const { scale: factors } = (node.inputs[1] as Value).type.quantization!;
  const [low, high] = activationRanges[(node.attributes.activation ?? "none") as Activation];
  let scales: readonly number[] = [];
  const center: Center = (tensor, spare) => {
    const data = tensor.data as Float32Array;
    const length = entries.data(tensor);
    const target = scratch.take(data.length + spare);
    scales = Array.from(
      { length: data.length / length || 0 },
      (_, entry) =>
        quantizeEntry(data.subarray(entry * length, (entry + 1) * length), target, entry * length, kind).scale,
    );
    return target;
  };
  const finish: FinishFactory = (bias) => {
    const offsets = offsetsOf(bias, node.inputs[1]!.type.shape[0] as number);
    return (sums, from, target, at, first, count) => {
      const scale = scales[Math.floor(at / entries.result)];
      for (let index = 0; index < count; index++) {
        const channel = first + index;
        const factor = factors[channel % factors.length];
        const real = single(
          factors.length > 1
            ? single(sums[from + index] * factor) * scale
            : sums[from + index] * single(factor * scale),
        );
        target[at + index] = Math.min(high, Math.max(low, single(real + offsets[channel])));
      }
    };
  };
  return { center, finish };
}
