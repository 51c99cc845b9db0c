import type { AxisRange, Node, Sliced, Value } from "@millrace/ir";
import { spatialAxes } from "@millrace/ops";
import { bytesOf, greatest } from "./flow.ts";

/** Some indices of an axis of a value, computed or cut out for one stripe. */
export interface Piece {
  readonly value: Value;
  readonly range: AxisRange;
  /** The piece of the same value that it is cut out of; without it and without a node, it is cut out of the whole. */
  readonly from?: Piece;
}

/** One node of a stripe; without a node, a piece is cut out. */
export interface StripeStep {
  readonly piece: Piece;
  readonly node?: Node;
  readonly form?: Sliced;
  /** The pieces that it reads, by input; undefined where it reads what is outside of the stripe. */
  readonly reads: readonly (Piece | undefined)[];
}

/** How a part of the result of the last of some nodes is computed by parts of all of them. */
export type Stripe = readonly StripeStep[];

interface Formed {
  readonly node: Node;
  readonly form: Sliced;
  readonly range: AxisRange;
}

/** The stripe of nodes that gives `range` of the last one's result; undefined where one of them has no such form, or needs a whole result of another one. */
export function stripeOf(nodes: readonly Node[], range: AxisRange): Stripe | undefined {
  const members = new Set(nodes);
  const formed = formsOf(nodes, members, range);
  if (formed === undefined) return undefined;
  const steps: StripeStep[] = [];
  const pieces = new Map<Value, Piece[]>();
  const add = (step: StripeStep) => {
    steps.push(step);
    const { value } = step.piece;
    pieces.set(value, [...(pieces.get(value) ?? []), step.piece]);
    return step.piece;
  };
  const cut = (value: Value, wanted: AxisRange): Piece => {
    const known = pieces.get(value) ?? [];
    const same = known.find((piece) => covers(wanted, piece.range));
    const from = value.producer && members.has(value.producer) ? known[0] : undefined;
    return same ?? add({ piece: { value, range: wanted, ...(from && { from }) }, reads: [from] });
  };
  for (const { node, form, range: made } of formed) {
    const reads = node.inputs.map((value, index) => {
      const wanted = form.inputs[index];
      if (value === undefined || wanted === undefined || isWhole(value, wanted)) {
        return value?.producer && members.has(value.producer) ? pieces.get(value)![0] : undefined;
      }
      return cut(value, wanted);
    });
    add({ piece: { value: node.outputs[0], range: made }, node, form, reads });
  }
  return steps;
}

/** What each node has to compute, from the last to the first, in their order. */
function formsOf(nodes: readonly Node[], members: ReadonlySet<Node>, last: AxisRange): readonly Formed[] | undefined {
  const wanted = new Map<Value, AxisRange>([[nodes[nodes.length - 1].outputs[0], last]]);
  const formed: Formed[] = [];
  for (const node of nodes.toReversed()) {
    const range = wanted.get(node.outputs[0]);
    const form = range && node.op.sliced?.(node.inputs, node.attributes, range);
    if (range === undefined || form === undefined) return undefined;
    formed.push({ node, form, range });
    for (const [index, value] of node.inputs.entries()) {
      if (value === undefined) continue;
      const read = form.inputs[index];
      const isInner = value.producer !== undefined && members.has(value.producer);
      if (isInner) {
        const all = read && joined(wanted.get(value), read);
        if (all === undefined) return undefined;
        wanted.set(value, all);
      } else if (value.constant && read && !isWhole(value, read)) return undefined;
    }
  }
  return formed.reverse();
}

/** The least range that has all of two; undefined for different axes. */
function joined(a: AxisRange | undefined, b: AxisRange): AxisRange | undefined {
  if (a === undefined) return b;
  if (a.axis !== b.axis) return undefined;
  return { axis: a.axis, start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

function covers(a: AxisRange, b: AxisRange): boolean {
  return a.axis === b.axis && a.start === b.start && a.end === b.end;
}

function isWhole({ type }: Value, { axis, start, end }: AxisRange): boolean {
  return start === 0 && end === type.shape[axis];
}

/** The share of a value that a piece is. */
function shareOf({ value, range }: Piece): number {
  return (range.end - range.start) / (value.type.shape[range.axis] as number);
}

/** Bytes of a piece in memory. */
export function pieceBytes({ value, range }: Piece): number {
  return (bytesOf(value) / (value.type.shape[range.axis] as number)) * (range.end - range.start);
}

/** Multiplications of a stripe. */
export function stripeMacs(stripe: Stripe): number {
  return stripe.reduce((sum, { node, piece }) => sum + (node ? macsOf(node) * shareOf(piece) : 0), 0);
}

export function macsOf({ op, inputs, outputs, attributes }: Node): number {
  return op.cost(inputs, outputs, attributes).macs;
}

/**
 * Bytes that a stripe needs at once beside the values it reads from outside. With `inPlace` what is cut out lies where it is cut out of, and the
 * result is written where it belongs in the whole result, which is not counted. Without, windows that are padded otherwise than before need a padded copy.
 */
export function stripePeak(stripe: Stripe, inPlace: boolean): number {
  const made = new Set(stripe.flatMap(({ node, piece }) => (node ? [piece] : [])));
  const lying = (piece: Piece | undefined): Piece | undefined =>
    inPlace && piece && !made.has(piece) ? lying(piece.from) : piece;
  const result = stripe[stripe.length - 1].piece;
  const held = stripe.map(({ node, reads }) =>
    inPlace && node === undefined ? [] : [...new Set(reads.flatMap((piece) => lying(piece) ?? []))],
  );
  const waiting = new Map<Piece, number>();
  for (const piece of held.flat()) waiting.set(piece, (waiting.get(piece) ?? 0) + 1);
  let live = 0;
  const release = (at: number) => {
    for (const read of held[at]) {
      const left = waiting.get(read)! - 1;
      waiting.set(read, left);
      if (left === 0) live -= pieceBytes(read);
    }
  };
  return greatest(
    stripe.flatMap((step, at) => {
      const isFree = inPlace && (step.node === undefined || step.piece === result);
      const copied = inPlace ? 0 : paddedBytes(step);
      const padding = live + copied;
      if (copied > 0) release(at);
      live += isFree ? 0 : pieceBytes(step.piece);
      const computing = live + copied;
      if (copied === 0) release(at);
      return [padding, computing];
    }),
  );
}

/** Bytes of a padded copy of what a window slides over, which files need that have no words for padding on one side only; 0 where the padding is as it was. */
function paddedBytes({ node, form, reads }: StripeStep): number {
  const [padding, before] = [form, node].map((each) => each?.attributes["padding"] as readonly number[] | undefined);
  const [x] = node?.inputs ?? [];
  if (!padding || !before || !x || !node || padding.every((count) => count === 0)) return 0;
  if (padding.every((count, side) => count === before[side])) return 0;
  const { height, width } = spatialAxes(node.attributes["layout"] as "first" | "last");
  const range = reads[0]?.range;
  const sizes = [height, width].map((axis) =>
    range?.axis === axis ? range.end - range.start : (x.type.shape[axis] as number),
  );
  const [top, left, bottom, right] = padding;
  const bytes = reads[0] ? pieceBytes(reads[0]) : bytesOf(x);
  return (bytes / (sizes[0] * sizes[1])) * (sizes[0] + top + bottom) * (sizes[1] + left + right);
}
