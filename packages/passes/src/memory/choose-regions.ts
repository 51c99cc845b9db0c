import { type Flow, greatest } from "./flow.ts";
import { type PatchOptions, type Region, regionEnds, regionOf } from "./patch-region.ts";

/** Nodes computed as they are, or a region. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  /** Bytes alive at once at the worst moment. */
  readonly peak: number;
  readonly region?: Region;
}

export interface Choice {
  /** In the order of their nodes. */
  readonly regions: readonly Region[];
  /** Bytes that are alive at once at least, whatever is computed in patches. */
  readonly peak: number;
}

/**
 * The regions to compute in patches so that no more than the bytes there are are alive at once, with the fewest multiplications done again; where that can't be, so that
 * as few bytes are as can be. There are none where no patches are of use. `live` are the bytes alive at each node.
 */
export function chooseRegions(flow: Flow, live: Float64Array, options: PatchOptions): Choice {
  const most = greatest(live);
  if (most <= options.bytes) return { regions: [], peak: most };
  const fitting = stretchesOf(flow, live, options, options.bytes);
  const stretches = leastPeak(fitting) <= options.bytes ? fitting : stretchesOf(flow, live, options, most);
  const peak = leastPeak(stretches);
  return { regions: peak < most ? cheapest(stretches, Math.max(peak, options.bytes)) : [], peak };
}

/** All stretches by the place where they begin, with regions that need `limit` bytes at most, and less than their nodes need as they are. */
function stretchesOf(
  flow: Flow,
  live: Float64Array,
  options: PatchOptions,
  limit: number,
): readonly (readonly Stretch[])[] {
  const tooLarge: number[] = [];
  for (let at = live.length - 1, next = live.length; at >= 0; at--) {
    if (live[at] > options.bytes) next = at;
    tooLarge[at] = next;
  }
  return flow.nodes.map((_, start) => {
    const before = live[start] - flow.writes[start].reduce((sum, value) => sum + flow.bytes[value], 0);
    const regions = regionEnds(flow, start)
      .filter((end) => tooLarge[start] < end)
      .flatMap((end): Stretch[] => {
        const below = Math.min(greatest(live.subarray(start, end)), limit + 1);
        const region = regionOf(flow, { start, end, before, below }, options);
        return region ? [{ start, end, peak: region.peak, region }] : [];
      });
    return [{ start, end: start + 1, peak: live[start] }, ...regions];
  });
}

/** The fewest bytes in which all nodes can be computed. */
function leastPeak(stretches: readonly (readonly Stretch[])[]): number {
  const least = new Float64Array(stretches.length + 1).fill(Number.POSITIVE_INFINITY);
  least[0] = 0;
  for (const { start, end, peak } of stretches.flat()) least[end] = Math.min(least[end], Math.max(least[start], peak));
  return least[stretches.length];
}

/** The regions of the way from the first node to the last in `bytes` that does least again; each node that is added counts as much as a multiplication. */
function cheapest(stretches: readonly (readonly Stretch[])[], bytes: number): readonly Region[] {
  const cost = new Float64Array(stretches.length + 1).fill(Number.POSITIVE_INFINITY);
  const last: (Stretch | undefined)[] = [];
  cost[0] = 0;
  for (const stretch of stretches.flat()) {
    const { start, end, peak, region } = stretch;
    const added = region ? region.recomputed + region.nodes.length * (region.stripes.length - 1) : 0;
    if (peak > bytes || cost[start] + added >= cost[end]) continue;
    cost[end] = cost[start] + added;
    last[end] = stretch;
  }
  const regions: Region[] = [];
  for (let at = stretches.length; at > 0; at = last[at]!.start) {
    const { region } = last[at]!;
    if (region) regions.push(region);
  }
  return regions.reverse();
}
