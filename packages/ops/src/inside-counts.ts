/** How windows move along an axis. */
export interface AxisWindow {
  /** Elements of the data along the axis. */
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  /** Elements of padding before the data. */
  readonly before: number;
  /** Number of windows. */
  readonly windows: number;
}

/** How many elements of each window along an axis lie inside of the data. */
export function insideCounts({ size, kernel, stride, before, windows }: AxisWindow): readonly number[] {
  return Array.from({ length: windows }, (_, at) => {
    const first = at * stride - before;
    return Math.max(0, Math.min(size, first + kernel) - Math.max(0, first));
  });
}
