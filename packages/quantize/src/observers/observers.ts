import { type Range, uniteRanges } from "../range.ts";
import { Histogram } from "./histogram.ts";
import { divergence, type Loss, leastLoss, squaredError } from "./search.ts";

/** Collects what an activation looks like over the calibration samples, in bounded memory. */
export interface Observer {
  /** Gets a tensor's numbers, and the least and greatest of those that are finite, of which there are some. */
  observe(values: ArrayLike<number>, seen: Range): void;
  /** The range to represent in 8 bits; undefined if nothing was observed. */
  range(): Range | undefined;
}

export interface ObserverOptions {
  /** How much of the numbers `percentile` keeps, in percent; half of the rest is cut off at each end. */
  readonly percentile?: number;
}

const defaultPercentile = 99.99;

/** Steps of an 8-bit number. */
const levels = 255;

/** The whole range seen. */
function minMax(): Observer {
  let range: Range | undefined;
  return {
    observe(_, seen) {
      range = range ? uniteRanges(range, seen) : seen;
    },
    range: () => range,
  };
}

/** The mean of the samples' least numbers and that of their greatest. */
function average(): Observer {
  let [minimum, maximum, count] = [0, 0, 0];
  return {
    observe(_, seen) {
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
    observe(values, seen) {
      histogram ??= new Histogram();
      histogram.add(values, seen);
    },
    range: () => histogram && choose(histogram),
  };
}

function withLeast(loss: Loss): () => Observer {
  return () => counting((histogram) => leastLoss(histogram, loss, levels));
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

/** Ways to choose ranges, by name. */
export const observers = {
  minmax: minMax,
  average,
  percentile: ({ percentile = defaultPercentile }: ObserverOptions) =>
    counting((histogram) => middle(histogram, percentile)),
  entropy: withLeast(divergence),
  mse: withLeast(squaredError),
} satisfies Readonly<Record<string, (options: ObserverOptions) => Observer>>;

export type CalibrationMethod = keyof typeof observers;
