import { type Range, uniteRanges } from "../range.ts";
import { Histogram } from "./histogram.ts";
import { divergence, type Loss, leastLoss, squaredError } from "./search.ts";

/** Collects what an activation looks like over the calibration samples, in bounded memory. */
export interface Observer {
  /** Gets the least and greatest of a tensor's finite numbers, of which there are some, and its numbers if it reads them. */
  observe(seen: Range, values?: ArrayLike<number>): void;
  /** The range to represent in 8 bits; undefined if nothing was observed. */
  range(): Range | undefined;
}

export interface ObserverOptions {
  /** How much of the numbers other than 0 `percentile` keeps, in percent; half of the rest is cut off at each end. */
  readonly percentile?: number;
}

const defaultPercentile = 99.99;

/** Steps of an 8-bit number. */
const levels = 255;

/** The whole range seen. */
function minMax(): Observer {
  let range: Range | undefined;
  return {
    observe(seen) {
      range = range ? uniteRanges(range, seen) : seen;
    },
    range: () => range,
  };
}

/** The mean of the samples' least numbers and that of their greatest. */
function average(): Observer {
  let [minimum, maximum, count] = [0, 0, 0];
  return {
    observe(seen) {
      minimum += seen.minimum;
      maximum += seen.maximum;
      count++;
    },
    range: () => (count === 0 ? undefined : { minimum: minimum / count, maximum: maximum / count }),
  };
}

/** An observer that chooses the range from how often numbers occurred. */
function counting(choose: (histogram: Histogram) => Range): Observer {
  let histogram: Histogram | undefined;
  return {
    observe(seen, values = []) {
      histogram ??= new Histogram();
      histogram.add(values, seen);
    },
    range: () => histogram && choose(histogram),
  };
}

/** The range without the outermost numbers, to the width of a bin. */
function middle({ width, range, bins: { first, counts } }: Histogram, percentile: number): Range {
  const total = counts.reduce((a, b) => a + b, 0);
  const most = (total * (100 - percentile)) / 200;
  const end = (indices: Iterable<number>) => {
    let passed = 0;
    for (const index of indices) {
      passed += counts[index];
      if (passed > most) return first + index;
    }
    return first;
  };
  const upwards = counts.keys();
  const downwards = Array.from(counts.keys()).reverse();
  return {
    minimum: Math.max(range.minimum, end(upwards) * width),
    maximum: Math.min(range.maximum, (end(downwards) + 1) * width),
  };
}

/** A way to choose ranges. */
interface ObserverKind {
  /** Whether it reads a tensor's numbers, or their least and greatest only. */
  readonly readsValues: boolean;
  create(options: ObserverOptions): Observer;
}

function withLeast(loss: Loss): ObserverKind {
  return { readsValues: true, create: () => counting((histogram) => leastLoss(histogram, loss, levels)) };
}

/** Ways to choose ranges, by name. */
export const observers = {
  minmax: { readsValues: false, create: minMax },
  average: { readsValues: false, create: average },
  percentile: {
    readsValues: true,
    create: ({ percentile = defaultPercentile }) => counting((histogram) => middle(histogram, percentile)),
  },
  entropy: withLeast(divergence),
  mse: withLeast(squaredError),
} satisfies Readonly<Record<string, ObserverKind>>;

export type CalibrationMethod = keyof typeof observers;
