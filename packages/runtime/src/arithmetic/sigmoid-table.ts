/** Entries of TFLite's table that are one more than the rounded value; no closed form is known. */
const oneMore = new Set([
  4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40, 41, 43, 44, 45, 46, 49, 50,
  54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255,
]);

/** sigmoid(i/24) in Q0.16 for i = 0 … 255. */
const table = Uint16Array.from({ length: 256 }, (_, index) => {
  const value = Math.round(65536 / (1 + Math.exp(-index / 24)));
  return Math.min(65535, value + (oneMore.has(index) ? 1 : 0));
});

/** Table value at `size` / 2^bits with linear interpolation, scaled by 2^bits; `saturated` beyond the table. */
function interpolate(size: number, bits: number, saturated: number): number {
  const index = size >> bits;
  if (index >= 255) return saturated;
  const rest = size & ((1 << bits) - 1);
  return (table[index] << bits) + rest * (table[index + 1] - table[index]);
}

/** sigmoid(x/12288 …) of a 16-bit value already scaled to 3·4096 steps a unit, as Q0.15. */
export function sigmoidOfWord(x: number): number {
  const size = interpolate(Math.abs(x), 9, 0x7fff << 10);
  const result = x >= 0 ? size + (1 << 9) : (1 << 25) - size + (1 << 9) - 1;
  return result >> 10;
}

/** tanh of a value with 3·4096 steps a unit, as Q0.15; tanh(x) = 2·sigmoid(2x) - 1. */
export function tanhOfWord(x: number): number {
  const size = interpolate(Math.abs(x), 8, 0xffff << 8);
  const result = x >= 0 ? size - (1 << 23) + (1 << 7) : -size + (1 << 23) + (1 << 7) - 1;
  return result >> 8;
}

/**
 * How a 16-bit value of this scale comes to the table's 3·4096 steps a unit: (x · factor + half) >> shift.
 * Power-of-two scales whose left shift from 2^-12 is among `shifts` are only multiplied by 3.
 */
export function wordScaling(
  scale: number,
  shifts: readonly number[],
): { readonly factor: number; readonly shift: number } {
  const single = Math.fround;
  const log = single(single(Math.log(scale)) * single(1 / single(Math.log(2))));
  const power = 12 + Math.round(log);
  if (Math.abs(log - Math.round(log)) < 1e-3 && shifts.includes(power)) return { factor: 3 << power, shift: 0 };
  let factor = scale * 4096 * 3;
  let shift = 0;
  for (; factor <= 32767 / 2 && shift <= 30; shift++) factor *= 2;
  return { factor: Math.trunc(factor), shift };
}
