/**
 * How stored integers stand for real numbers: real = (stored - zeroPoint) * scale.
 * One entry for the whole tensor, or one for each index along `axis`. Scales are float32 values.
 */
export interface Quantization {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  /** Axis the entries belong to; present exactly when the tensor is quantized per axis. */
  readonly axis?: number;
}

export function perTensor(scale: number, zeroPoint: number): Quantization {
  return { scale: [Math.fround(scale)], zeroPoint: [zeroPoint] };
}

export function perAxis(scale: readonly number[], axis: number): Quantization {
  return { scale: scale.map(Math.fround), zeroPoint: scale.map(() => 0), axis };
}

export function sameQuantization(a: Quantization | undefined, b: Quantization | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return a.axis === b.axis && sameNumbers(a.scale, b.scale) && sameNumbers(a.zeroPoint, b.zeroPoint);
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
