/**
 * Rows of weights arranged to meet two rows of data at once:
 * sums[p * stride + n] = Σ data[at + p * length + k] · weights[n * length + k] for p in 0, 1.
 * Integer sums are exact while they stay below 2^53. `data` must have room for both rows.
 */
export interface Products {
  readonly rows: number;
  readonly length: number;
  /** Distance in `sums` from one data row's results to the other's: `rows` rounded up. */
  readonly stride: number;
  multiply(data: Float64Array, at: number, sums: Float64Array): void;
}

/** Distance of two weights packed in one double, and what the sum of the lower one must stay below. */
const gap = 2 ** 26;
const lowerBound = 2 ** 25;
/** Packing pays when at least this many products fit between two unpackings. */
const shortestChunk = 128;

/**
 * Arranges `rows` rows of `length` weights. `largest` is the greatest size of a data element; where integers are small
 * enough, two weights share a double (w0 + w1 · 2^26), so that one multiplication gives two products.
 */
export function arrangeProducts(weights: ArrayLike<number>, rows: number, length: number, largest: number): Products {
  const stride = Math.ceil(rows / 4) * 4;
  const chunk = Number.isFinite(largest) ? Math.floor((lowerBound - 1) / (largest * sizeOf(weights))) : 0;
  const packable = chunk >= Math.min(length, shortestChunk);
  const multiply = packable
    ? packedProducts(pack(weights, rows, length, stride), length, stride, chunk)
    : plainProducts(pad(weights, stride * length), length, stride);
  return { rows, length, stride, multiply };
}

function sizeOf(weights: ArrayLike<number>): number {
  let largest = 1;
  for (let at = 0; at < weights.length; at++) largest = Math.max(largest, Math.abs(weights[at]));
  return largest;
}

function pad(weights: ArrayLike<number>, count: number): Float64Array {
  const padded = new Float64Array(count);
  padded.set(weights);
  return padded;
}

function pack(weights: ArrayLike<number>, rows: number, length: number, stride: number): Float64Array {
  const packed = new Float64Array((stride / 2) * length);
  for (let row = 0; row < rows; row++) {
    const factor = row % 2 === 0 ? 1 : gap;
    const to = (row >> 1) * length;
    for (let k = 0; k < length; k++) packed[to + k] += weights[row * length + k] * factor;
  }
  return packed;
}

function unpack(sums: Float64Array, at: number, packed: number): void {
  const upper = Math.round(packed / gap);
  sums[at] += packed - upper * gap;
  sums[at + 1] += upper;
}

function packedProducts(weights: Float64Array, length: number, stride: number, chunk: number): Products["multiply"] {
  return (data, at, sums) => {
    sums.fill(0, 0, 2 * stride);
    for (let start = 0; start < length; start += chunk) {
      const count = Math.min(chunk, length - start);
      const first = at + start;
      const second = first + length;
      for (let row = 0; row < stride; row += 4) {
        const left = (row >> 1) * length + start;
        const right = left + length;
        let a = 0;
        let b = 0;
        let c = 0;
        let d = 0;
        for (let k = 0; k < count; k++) {
          const x = data[first + k];
          const y = data[second + k];
          const v = weights[left + k];
          const w = weights[right + k];
          a += x * v;
          b += x * w;
          c += y * v;
          d += y * w;
        }
        unpack(sums, row, a);
        unpack(sums, row + 2, b);
        unpack(sums, stride + row, c);
        unpack(sums, stride + row + 2, d);
      }
    }
  };
}

function plainProducts(weights: Float64Array, length: number, stride: number): Products["multiply"] {
  return (data, first, sums) => {
    const second = first + length;
    for (let row = 0; row < stride; row += 2) {
      const left = row * length;
      const right = left + length;
      let a = 0;
      let b = 0;
      let c = 0;
      let d = 0;
      for (let k = 0; k < length; k++) {
        const x = data[first + k];
        const y = data[second + k];
        const v = weights[left + k];
        const w = weights[right + k];
        a += x * v;
        b += x * w;
        c += y * v;
        d += y * w;
      }
      sums[row] = a;
      sums[row + 1] = b;
      sums[stride + row] = c;
      sums[stride + row + 1] = d;
    }
  };
}
