/** Least and greatest real value seen. */
export interface Range {
  readonly minimum: number;
  readonly maximum: number;
}

/** The range of no numbers. */
export const emptyRange: Range = { minimum: Number.POSITIVE_INFINITY, maximum: Number.NEGATIVE_INFINITY };

export function isEmpty({ minimum, maximum }: Range): boolean {
  return minimum > maximum;
}

/** Least and greatest of the finite numbers; the empty range if there are none. */
export function rangeOf(values: ArrayLike<number>): Range {
  let { minimum, maximum } = emptyRange;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value < minimum && value !== Number.NEGATIVE_INFINITY) minimum = value;
    if (value > maximum && value !== Number.POSITIVE_INFINITY) maximum = value;
  }
  return { minimum, maximum };
}

export function uniteRanges(a: Range, b: Range): Range {
  return { minimum: Math.min(a.minimum, b.minimum), maximum: Math.max(a.maximum, b.maximum) };
}

/** A range in words, with four digits. */
export function rangeText({ minimum, maximum }: Range): string {
  return `from ${Number(minimum.toPrecision(4))} to ${Number(maximum.toPrecision(4))}`;
}
