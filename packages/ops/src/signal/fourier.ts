/** Numbers of one kind and how they are multiplied, halved and divided; complex numbers are [real, imaginary]. */
export interface Arithmetic {
  /** a · b - c · d. */
  readonly difference: (a: number, b: number, c: number, d: number) => number;
  /** a · b + c · d. */
  readonly sum: (a: number, b: number, c: number, d: number) => number;
  /** What remains of a sum in storage. */
  readonly store: (x: number) => number;
  readonly half: (x: number) => number;
  /** x / 2 or x / 4 where a sum could overflow otherwise. */
  readonly reduce: (x: number, by: 2 | 4) => number;
  /** A number from -1 to 1. */
  readonly unit: (x: number) => number;
}

/** Reals, of which nothing is lost or divided away. */
export const realArithmetic: Arithmetic = {
  difference: (a, b, c, d) => a * b - c * d,
  sum: (a, b, c, d) => a * b + c * d,
  store: (x) => x,
  half: (x) => x / 2,
  reduce: (x) => x,
  unit: (x) => x,
};

/** Fractions of 15 bits in 16, products rounded half up. */
export const shortArithmetic: Arithmetic = {
  difference: (a, b, c, d) => shortened((a * b - c * d + 0x4000) >> 15),
  sum: (a, b, c, d) => shortened((a * b + c * d + 0x4000) >> 15),
  store: shortened,
  half: (x) => x >> 1,
  reduce: (x, by) => shortened((x * Math.floor(0x7fff / by) + 0x4000) >> 15),
  unit: (x) => Math.floor(0.5 + 0x7fff * x),
};

const greatest = 0x7fffffff;

/** Fractions of 31 bits in 32, products rounded half up. */
export const longArithmetic: Arithmetic = {
  difference: (a, b, c, d) => rounded(BigInt(a) * BigInt(b) - BigInt(c) * BigInt(d)),
  sum: (a, b, c, d) => rounded(BigInt(a) * BigInt(b) + BigInt(c) * BigInt(d)),
  store: (x) => x | 0,
  half: (x) => x >> 1,
  reduce: (x, by) => rounded(BigInt(x) * BigInt(Math.floor(greatest / by))),
  unit: (x) => Math.floor(0.5 + greatest * x),
};

function shortened(x: number): number {
  return (x << 16) >> 16;
}

function rounded(product: bigint): number {
  return Number(BigInt.asIntN(32, (product + (1n << 30n)) >> 31n));
}

type Complex = readonly [number, number];

/** exp(i · phase). */
function circle({ unit }: Arithmetic, phase: number): Complex {
  return [unit(Math.cos(phase)), unit(Math.sin(phase))];
}

function multiply({ difference, sum }: Arithmetic, [a, b]: Complex, [c, d]: Complex): Complex {
  return [difference(a, c, b, d), sum(a, d, b, c)];
}

function add({ store }: Arithmetic, [a, b]: Complex, [c, d]: Complex): Complex {
  return [store(a + c), store(b + d)];
}

function subtract({ store }: Arithmetic, [a, b]: Complex, [c, d]: Complex): Complex {
  return [store(a - c), store(b - d)];
}

function reduced({ reduce }: Arithmetic, [a, b]: Complex, by: 2 | 4): Complex {
  return [reduce(a, by), reduce(b, by)];
}

/** i · x, or -i · x forwards. */
function turned([a, b]: Complex, inverse: boolean): Complex {
  return inverse ? [-b, a] : [b, -a];
}

/**
 * The discrete Fourier transform of a power of two complex numbers, by four and in the end two, as Kiss FFT does it: in fixed point
 * every step divides, so that forwards and backwards both give means.
 */
function transform(arithmetic: Arithmetic, points: readonly Complex[], inverse: boolean): readonly Complex[] {
  const count = points.length;
  const roots = Array.from({ length: count }, (_, at) =>
    circle(arithmetic, ((inverse ? 2 : -2) * Math.PI * at) / count),
  );
  const combine = (parts: readonly (readonly Complex[])[], stride: number): Complex[] => {
    const ways = parts.length as 2 | 4;
    const size = parts[0].length;
    const result = new Array<Complex>(size * ways);
    for (let at = 0; at < size; at++) {
      const [first, ...others] = parts.map((part) => reduced(arithmetic, part[at], ways));
      const [one, two, three] = others.map((part, way) => multiply(arithmetic, part, roots[(way + 1) * at * stride]));
      if (ways === 2) {
        result[at] = add(arithmetic, first, one);
        result[at + size] = subtract(arithmetic, first, one);
        continue;
      }
      const [even, odd] = [add(arithmetic, first, two), add(arithmetic, one, three)];
      const [apart, across] = [subtract(arithmetic, first, two), turned(subtract(arithmetic, one, three), inverse)];
      result[at] = add(arithmetic, even, odd);
      result[at + 2 * size] = subtract(arithmetic, even, odd);
      result[at + size] = add(arithmetic, apart, across);
      result[at + 3 * size] = subtract(arithmetic, apart, across);
    }
    return result;
  };
  const part = (first: number, stride: number): readonly Complex[] => {
    const length = count / stride;
    if (length === 1) return [points[first]];
    const ways = length % 4 === 0 ? 4 : 2;
    return combine(
      Array.from({ length: ways }, (_, way) => part(first + way * stride, stride * ways)),
      stride,
    );
  };
  return part(0, 1);
}

/** The factor that takes the transform of half as many complex numbers to that of `count` real ones. */
function spread(arithmetic: Arithmetic, at: number, count: number, inverse: boolean): Complex {
  return circle(arithmetic, (inverse ? 1 : -1) * Math.PI * (at / (count / 2) + 0.5));
}

/** Fourier transform of a power of two real numbers: count / 2 + 1 complex ones, real and imaginary parts in turn. */
export function forwardTransform(arithmetic: Arithmetic, samples: ArrayLike<number>): Float64Array {
  const half = samples.length / 2;
  const pairs = Array.from({ length: half }, (_, at): Complex => [samples[2 * at], samples[2 * at + 1]]);
  const spectrum = transform(arithmetic, pairs, false);
  const result = new Float64Array(samples.length + 2);
  const [real, imaginary] = reduced(arithmetic, spectrum[0], 2);
  result[0] = arithmetic.store(real + imaginary);
  result[2 * half] = arithmetic.store(real - imaginary);
  for (let at = 1; at <= half / 2; at++) {
    const [mirroredReal, mirroredImaginary] = spectrum[half - at];
    const here = reduced(arithmetic, spectrum[at], 2);
    const there = reduced(arithmetic, [mirroredReal, arithmetic.store(-mirroredImaginary)], 2);
    const both = add(arithmetic, here, there);
    const turn = multiply(arithmetic, subtract(arithmetic, here, there), spread(arithmetic, at, samples.length, false));
    result[2 * at] = arithmetic.half(both[0] + turn[0]);
    result[2 * at + 1] = arithmetic.half(both[1] + turn[1]);
    result[2 * (half - at)] = arithmetic.half(both[0] - turn[0]);
    result[2 * (half - at) + 1] = arithmetic.half(turn[1] - both[1]);
  }
  return result;
}

/** The real numbers of which `spectrum` is the transform; real arithmetic gives `count` times as much. */
export function inverseTransform(arithmetic: Arithmetic, spectrum: ArrayLike<number>): Float64Array {
  const count = spectrum.length - 2;
  const half = count / 2;
  const { store } = arithmetic;
  const points = new Array<Complex>(half);
  const [first, last] = [spectrum[0], spectrum[2 * half]];
  points[0] = reduced(arithmetic, [store(first + last), store(first - last)], 2);
  for (let at = 1; at <= half / 2; at++) {
    const mirror = half - at;
    const here = reduced(arithmetic, [spectrum[2 * at], spectrum[2 * at + 1]], 2);
    const there = reduced(arithmetic, [spectrum[2 * mirror], store(-spectrum[2 * mirror + 1])], 2);
    const even = add(arithmetic, here, there);
    const odd = multiply(arithmetic, subtract(arithmetic, here, there), spread(arithmetic, at, count, true));
    points[at] = add(arithmetic, even, odd);
    const [real, imaginary] = subtract(arithmetic, even, odd);
    points[mirror] = [real, store(-imaginary)];
  }
  return Float64Array.from(transform(arithmetic, points, true).flat());
}
