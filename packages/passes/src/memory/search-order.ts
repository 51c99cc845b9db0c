import { type Flow, greatest, liveBytes, neighboursOf } from "./flow.ts";

/** Nodes that are searched together at most, and sets of finished nodes that are looked at for each of these parts. */
const limits = { nodes: 256, sets: 20_000, narrowest: 16 } as const;

/** Nodes that follow one another in an order. */
interface Part {
  readonly start: number;
  /** Not included. */
  readonly end: number;
}

/** What the search of a part asks. */
interface Context {
  readonly flow: Flow;
  readonly before: readonly (readonly number[])[];
  readonly after: readonly (readonly number[])[];
  readonly order: readonly number[];
  /** The place of each node in the order. */
  readonly places: readonly number[];
}

/**
 * Orders each part of a flow anew whose peak is the greatest, until one can't be improved. Parts lie between nodes that all others come before or after, so each
 * has its best order by itself; it is found unless the limits are met, as longer parts are searched piece by piece, and the likeliest sets only.
 */
export function searchOrder(flow: Flow, given: readonly number[]): readonly number[] {
  const places: number[] = [];
  for (const [at, node] of given.entries()) places[node] = at;
  const context = { flow, ...neighboursOf(flow), order: given, places };
  const live = liveBytes(flow, given);
  const parts = partsOf(context).map((part) => ({ ...part, peak: greatest(live.subarray(part.start, part.end)) }));
  const order = [...given];
  let reached = 0;
  for (const part of parts.sort((a, b) => b.peak - a.peak)) {
    if (part.peak <= reached) break;
    const made = flow.writes[given[part.start]].reduce((sum, value) => sum + flow.bytes[value], 0);
    const better = searchPart(context, part, live[part.start] - made, { least: reached, most: part.peak });
    for (const [index, node] of (better?.nodes ?? []).entries()) order[part.start + index] = node;
    reached = Math.max(reached, better?.peak ?? part.peak);
  }
  return order;
}

/** Runs of an order that end with a node which everything before leads to and everything after comes from, or with the longest that is searched. */
function partsOf({ before, after, order, places }: Context): readonly Part[] {
  const latestProducers: number[] = [];
  for (let at = order.length - 1, least = order.length; at >= 0; at--) {
    latestProducers[at] = least;
    least = Math.min(least, greatest(before[order[at]].map((producer) => places[producer] + 1)) - 1);
  }
  const parts: Part[] = [];
  let [start, farthest] = [0, 0];
  for (const [at, node] of order.entries()) {
    const isCut = farthest <= at && latestProducers[at] >= at;
    const earliestReader = after[node].reduce((least, user) => Math.min(least, places[user]), order.length);
    farthest = Math.max(farthest, earliestReader);
    if (!isCut && at + 1 - start < limits.nodes && at + 1 < order.length) continue;
    parts.push({ start, end: at + 1 });
    start = at + 1;
  }
  return parts;
}

/** A set of finished nodes of a part, as bits, and the best known way to it. */
interface Reached {
  readonly done: bigint;
  readonly live: number;
  readonly peak: number;
  readonly ready: readonly number[];
  readonly last?: number;
  readonly previous?: Reached;
}

interface Found {
  readonly nodes: readonly number[];
  readonly peak: number;
}

/** The best order of a part before which `live` bytes are alive, which can't need less than `least` bytes and has to stay below `most`; undefined if there is none, or it was not found. */
function searchPart(
  context: Context,
  part: Part,
  live: number,
  { least, most }: { readonly least: number; readonly most: number },
): Found | undefined {
  const steps = stepsOf(context, part);
  const width = Math.max(limits.narrowest, Math.floor(limits.sets / steps.length));
  const ready = [...steps.keys()].filter((index) => steps[index].needs === 0n);
  let layer: Reached[] = [{ done: 0n, live, peak: least, ready }];
  for (let count = 0; count < steps.length; count++) {
    const next = new Map<bigint, Reached>();
    for (const reached of layer.flatMap((from) => expand(from, steps))) {
      const known = next.get(reached.done)?.peak ?? most;
      if (reached.peak < known) next.set(reached.done, reached);
    }
    layer = [...next.values()];
    if (layer.length > width) layer = layer.sort((a, b) => a.peak - b.peak || a.live - b.live).slice(0, width);
  }
  if (layer.length === 0) return undefined;
  const nodes: number[] = [];
  for (let at = layer[0]; at.previous; at = at.previous) nodes.push(context.order[part.start + at.last!]);
  return { nodes: nodes.reverse(), peak: layer[0].peak };
}

/** A node of a part; nodes are named by their index in it. */
interface Step {
  /** Nodes that come before it, as bits, and those that wait for it. */
  readonly needs: bigint;
  readonly users: readonly number[];
  /** Bytes of its results, and of those that nothing reads. */
  readonly made: number;
  readonly dropped: number;
  /** What it may be the last to read: bytes, and the nodes that are finished then. */
  readonly freed: readonly { readonly bytes: number; readonly readers: bigint }[];
}

function stepsOf({ flow, before, after, order, places }: Context, { start, end }: Part): readonly Step[] {
  const within = (nodes: readonly number[]) =>
    nodes.flatMap((node) => (places[node] >= start && places[node] < end ? [places[node] - start] : []));
  const bits = (nodes: readonly number[]) => within(nodes).reduce((set, index) => set | (1n << BigInt(index)), 0n);
  const size = (values: readonly number[]) => values.reduce((sum, value) => sum + flow.bytes[value], 0);
  const endsHere = (value: number) => !flow.kept[value] && flow.readers[value].every((user) => places[user] < end);
  return order.slice(start, end).map((node) => ({
    needs: bits(before[node]),
    users: within(after[node]),
    made: size(flow.writes[node]),
    dropped: size(flow.writes[node].filter((value) => flow.readers[value].length === 0 && !flow.kept[value])),
    freed: flow.reads[node]
      .filter(endsHere)
      .map((value) => ({ bytes: flow.bytes[value], readers: bits(flow.readers[value]) })),
  }));
}

/** All that can come next; one node alone where it takes no more than was taken before and leaves no more than there was, as it is never too early for that. */
function expand(from: Reached, steps: readonly Step[]): readonly Reached[] {
  const all: Reached[] = [];
  for (const last of from.ready) {
    const reached = finish(from, last, steps);
    if (reached.peak <= from.peak && reached.live <= from.live) return [reached];
    all.push(reached);
  }
  return all;
}

function finish(from: Reached, last: number, steps: readonly Step[]): Reached {
  const { made, dropped, freed, users } = steps[last];
  const done = from.done | (1n << BigInt(last));
  const taken = from.live + made;
  const given = freed.reduce((sum, { bytes, readers }) => ((readers & ~done) === 0n ? sum + bytes : sum), dropped);
  return {
    done,
    live: taken - given,
    peak: Math.max(from.peak, taken),
    ready: [
      ...from.ready.filter((node) => node !== last),
      ...users.filter((user) => (steps[user].needs & ~done) === 0n),
    ],
    last,
    previous: from,
  };
}
