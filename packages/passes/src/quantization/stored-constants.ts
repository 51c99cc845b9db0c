import {
  type DType,
  elementCount,
  fromNumbers,
  integerRange,
  numbersOf,
  perAxis,
  perTensor,
  type Quantization,
  type Tensor,
} from "@millrace/ir";

/** Greatest magnitude of a weight, for each type that weights are stored in; the least number of the type is not used. */
export const weightLimits = { i8: 127, i4: 7 } as const;

/** Nearest integer, halves away from zero. */
export function roundAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}

/** A constant as integers with parameters for the whole tensor. */
export function quantizeConstant(
  tensor: Tensor,
  { dtype, quantization }: { readonly dtype: DType; readonly quantization: Quantization },
): Tensor {
  const [scale] = quantization.scale;
  const [zeroPoint] = quantization.zeroPoint;
  const [low, high] = integerRange(dtype);
  const stored = Float64Array.from(numbersOf(tensor), (value) =>
    Math.min(high, Math.max(low, roundAway(value / scale) + zeroPoint)),
  );
  return fromNumbers(dtype, tensor.shape, stored);
}

/** Weights as integers, and the channels whose scale is more than their greatest weight needs. */
export interface IntegerWeights {
  readonly tensor: Tensor;
  readonly quantization: Quantization;
  readonly raised: readonly number[];
  readonly exceeding: readonly number[];
}

/**
 * Symmetric weights: scale[c] = max|w[c]| / 127 along `axis` for int8, or one scale for all. A channel's scale is raised to `leastScale[c]` where that
 * is more; `raised` lists the channels where it stays within the greatest scale of the layer, which costs no more than one scale for all would,
 * `exceeding` those where it does not. A channel of zeros takes whatever scale it needs.
 */
export function quantizeWeights(
  tensor: Tensor,
  axis: number,
  options: {
    readonly dtype: keyof typeof weightLimits;
    readonly perTensor: boolean;
    readonly leastScale: (channel: number) => number;
  },
): IntegerWeights {
  const limit = weightLimits[options.dtype];
  const channels = tensor.shape[axis];
  const inner = elementCount(tensor.shape.slice(axis + 1));
  const values = numbersOf(tensor);
  const peaks = new Float64Array(channels);
  forEachChannel(values.length, inner, channels, (at, channel) => {
    peaks[channel] = Math.max(peaks[channel], Math.abs(values[at]));
  });
  const { scale, raised, exceeding } = weightScales(peaks, limit, options);
  const data = new Int8Array(values.length);
  forEachChannel(values.length, inner, channels, (at, channel) => {
    data[at] = Math.min(limit, Math.max(-limit, roundAway(values[at] / scale[channel])));
  });
  const quantization = options.perTensor ? perTensor(scale[0], 0) : perAxis(scale, axis);
  return { tensor: { dtype: options.dtype, shape: tensor.shape, data }, quantization, raised, exceeding };
}

/** The scales of channels whose greatest weights are `peaks`. */
function weightScales(
  peaks: Float64Array,
  limit: number,
  { perTensor, leastScale }: { readonly perTensor: boolean; readonly leastScale: (channel: number) => number },
) {
  const greatest = peaks.reduce((a, b) => Math.max(a, b), 0);
  const needed = Float64Array.from(peaks, (_, channel) => leastScale(channel));
  const mostNeeded = needed.reduce((a, b) => Math.max(a, b), 0);
  const [raised, exceeding]: [number[], number[]] = [[], []];
  const scale = Array.from(peaks, (own, channel) => {
    const peak = perTensor ? greatest : own;
    const least = perTensor ? mostNeeded : needed[channel];
    if (peak === 0) return Math.fround(Math.max(1, least));
    const usual = usableScale(peak / limit) ?? leastFloat;
    const coarser = usableScale(least);
    if (usual >= least || coarser === undefined) return usual;
    if (needed[channel] > greatest / limit) exceeding.push(channel);
    else if (!perTensor) raised.push(channel);
    return coarser;
  });
  return { scale, raised, exceeding };
}

/** TFLite scales 64-bit sums only while they have less than 48 bits; half of that is left to the products. */
const greatestBias = { i32: 2 ** 31 - 1, i64: 2 ** 46 } as const;

/** The least positive normal float32. */
const leastFloat = 2 ** -126;

function usableScale(scale: number): number | undefined {
  return Math.fround(scale) >= leastFloat && Number.isFinite(scale) ? Math.fround(scale) : undefined;
}

function forEachChannel(
  count: number,
  inner: number,
  channels: number,
  visit: (at: number, channel: number) => void,
): void {
  for (let start = 0, channel = 0; start < count; start += inner, channel = (channel + 1) % channels) {
    for (let at = start; at < start + inner; at++) visit(at, channel);
  }
}

/** A bias with scale input × weights, in int32 or int64. `saturated` lists the channels whose value does not fit. */
export function quantizeBias(
  tensor: Tensor,
  dtype: "i32" | "i64",
  inputScale: number,
  weightScale: readonly number[],
): { readonly tensor: Tensor; readonly quantization: Quantization; readonly saturated: readonly number[] } {
  const values = numbersOf(tensor);
  const saturated: number[] = [];
  const scale = Array.from(values, (_, channel) => Math.fround(inputScale * weightScale[channel % weightScale.length]));
  const greatest = greatestBias[dtype];
  const stored = Array.from(values, (value, channel) => {
    const rounded = value === 0 ? 0 : roundAway(value / scale[channel]);
    if (!(Math.abs(rounded) <= greatest)) saturated.push(channel);
    return Math.min(greatest, Math.max(-greatest, rounded));
  });
  const quantization = weightScale.length === 1 ? perTensor(scale[0] ?? 1, 0) : perAxis(scale, 0);
  return { tensor: fromNumbers(dtype, tensor.shape, stored), quantization, saturated };
}
