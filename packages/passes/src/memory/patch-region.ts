import type { AxisRange, Node } from "@millrace/ir";
import { bytesOf, type Flow, greatest } from "./flow.ts";
import { macsOf, pieceBytes, type Stripe, stripeMacs, stripeOf, stripePeak } from "./stripe.ts";

/** What patches may take, and how. */
export interface PatchOptions {
  /** Bytes of values that may be alive at once. */
  readonly bytes: number;
  /** Whether parts of a value lie where the whole does, so that neither cutting it nor joining its parts takes memory; else they are copies, and so is what is padded on some sides only. */
  readonly inPlace: boolean;
}

/** Nodes that follow one another and are computed in stripes of the last one's result. */
export interface Region {
  readonly nodes: readonly Node[];
  readonly stripes: readonly Stripe[];
  /** Bytes alive at once while it is computed. */
  readonly peak: number;
  /** Multiplications beyond those of the nodes themselves. */
  readonly recomputed: number;
}

const longestRegion = 48;
const stripeCounts = [2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128];

/** The ends, not included, of the regions that begin with the node at `start`: only the last node's result is read beyond. */
export function regionEnds({ nodes, writes, readers, kept }: Flow, start: number): readonly number[] {
  const ends: number[] = [];
  let needed = start;
  for (let at = start; at < Math.min(nodes.length, start + longestRegion); at++) {
    if (nodes[at].op.sliced === undefined || writes[at].length !== 1 || needed === nodes.length) break;
    const [value] = writes[at];
    if (needed <= at) ends.push(at + 1);
    needed = Math.max(needed, kept[value] ? nodes.length : greatest(readers[value]));
  }
  return ends;
}

/**
 * The nodes from `start` to `end`, not included, in the fewest stripes that need no more than the bytes there are, else in those that need the fewest bytes, if these are
 * less than `below`. Before the nodes `before` bytes are alive.
 */
export function regionOf(
  flow: Flow,
  {
    start,
    end,
    before,
    below,
  }: { readonly start: number; readonly end: number; readonly before: number; readonly below: number },
  { bytes, inPlace }: PatchOptions,
): Region | undefined {
  const nodes = flow.nodes.slice(start, end);
  const output = nodes[nodes.length - 1].outputs[0];
  const shape = output.type.shape as readonly number[];
  const axis = shape.findIndex((size) => size !== 1);
  if (axis < 0 || isQuantizedAlong(nodes, axis)) return undefined;
  const whole = bytesOf(output);
  const joining = inPlace ? 0 : before - endingBytes(flow, start, end) + 2 * whole;
  if (joining >= below) return undefined;
  let best: Region | undefined;
  for (const count of stripeCounts) {
    if (count > shape[axis]) break;
    const ranges = rangesOf(axis, shape[axis], count);
    const middle = stripeOf(nodes, ranges[Math.floor(count / 2)]);
    if (middle === undefined) continue;
    const least = before + stripePeak(middle, inPlace) + (inPlace ? whole : 0);
    if (least >= (best?.peak ?? below)) continue;
    const stripes = ranges.map((range) => stripeOf(nodes, range));
    if (stripes.includes(undefined)) continue;
    const region = measured(nodes, stripes as readonly Stripe[], { before, joining, whole, inPlace });
    if (region.peak < (best?.peak ?? below)) best = region;
    if (region.peak <= bytes) break;
  }
  return best;
}

function measured(
  nodes: readonly Node[],
  stripes: readonly Stripe[],
  {
    before,
    joining,
    whole,
    inPlace,
  }: { readonly before: number; readonly joining: number; readonly whole: number; readonly inPlace: boolean },
): Region {
  let finished = inPlace ? whole : 0;
  const peaks = stripes.map((stripe) => {
    const peak = before + finished + stripePeak(stripe, inPlace);
    if (!inPlace) finished += pieceBytes(stripe[stripe.length - 1].piece);
    return peak;
  });
  const macs = stripes.reduce((sum, stripe) => sum + stripeMacs(stripe), 0);
  const recomputed = Math.round(macs - nodes.reduce((sum, node) => sum + macsOf(node), 0));
  return { nodes, stripes, peak: Math.max(joining, greatest(peaks)), recomputed };
}

/** Ranges of nearly the same length that an axis is divided into. */
function rangesOf(axis: number, size: number, count: number): readonly AxisRange[] {
  const border = (index: number) => Math.round((size * index) / count);
  return Array.from({ length: count }, (_, index) => ({ axis, start: border(index), end: border(index + 1) }));
}

/** Bytes of what nodes read from before them that nothing reads after them. */
function endingBytes({ reads, readers, writes, kept, bytes }: Flow, start: number, end: number): number {
  const own = new Set(writes.slice(start, end).flat());
  const read = new Set(reads.slice(start, end).flat());
  const ends = [...read].filter(
    (value) => !own.has(value) && !kept[value] && readers[value].every((reader) => reader < end),
  );
  return ends.reduce((sum, value) => sum + bytes[value], 0);
}

/** Whether parts of a value would have other parameters than the whole. */
function isQuantizedAlong(nodes: readonly Node[], axis: number): boolean {
  return nodes.some(({ outputs }) => outputs[0].type.quantization?.axis === axis);
}
