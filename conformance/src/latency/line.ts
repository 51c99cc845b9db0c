/** A latency and the multiplications behind it. */
export interface LinePoint {
  readonly macs: number;
  readonly milliseconds: number;
}

/** Milliseconds as a constant and a share for each multiplication. */
export interface Line {
  readonly constant: number;
  readonly slope: number;
}

/** The line with the least squares of relative errors; needs two points of different sizes at least. */
export function fitLine(points: readonly LinePoint[]): Line {
  let [ones, sizes, squares, ratios, products] = [0, 0, 0, 0, 0];
  for (const { macs, milliseconds } of points) {
    const [one, size] = [1 / milliseconds, macs / milliseconds];
    ones += one * one;
    sizes += one * size;
    squares += size * size;
    ratios += one;
    products += size;
  }
  const determinant = ones * squares - sizes * sizes;
  return {
    constant: (ratios * squares - products * sizes) / determinant,
    slope: (ones * products - sizes * ratios) / determinant,
  };
}

export function onLine({ constant, slope }: Line, macs: number): number {
  return constant + slope * macs;
}
