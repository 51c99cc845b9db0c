import { elementCount, type Node, tensorOf } from "@millrace/ir";
import { transposeTensor } from "@millrace/ops";
import { firstOf, type Place, type Writer } from "./lowering.ts";
import { mostElements, type PlacedBlock, placedBlocks, writeMoves } from "./movement.ts";
import { sizesOf } from "./shared-rules.ts";

/** A reduction as one of the middle axis of three: `outer` times, `taps` numbers become one, `inner` of them side by side. */
export interface ReducedAxes {
  readonly outer: number;
  readonly taps: number;
  readonly inner: number;
}

/** The axes that a node reduces as one axis; undefined unless they follow one another. */
function neighbouringAxes({ inputs, attributes }: Node): ReducedAxes | undefined {
  const axes = new Set(attributes.axes as readonly number[]);
  const long = sizesOf(inputs[0]!).flatMap((size, axis) => (size > 1 ? [{ size, reduced: axes.has(axis) }] : []));
  const first = Math.max(
    0,
    long.findIndex(({ reduced }) => reduced),
  );
  const end = long.findLastIndex(({ reduced }) => reduced) + 1;
  if (long.slice(first, end).some(({ reduced }) => !reduced)) return undefined;
  const product = (from: number, to?: number) => elementCount(long.slice(from, to).map(({ size }) => size));
  return { outer: product(0, first), taps: product(first, end), inner: product(end) };
}

/** The moves that put the axes that a node reduces behind all others; undefined if they are too many. */
function gathering({ inputs, attributes }: Node): readonly PlacedBlock[] | undefined {
  const sizes = sizesOf(inputs[0]!);
  const axes = attributes.axes as readonly number[];
  const positions = Int32Array.from({ length: elementCount(sizes) }, (_, at) => at);
  const order = [...sizes.keys()].sort((a, b) => Number(axes.includes(a)) - Number(axes.includes(b)) || a - b);
  return placedBlocks(transposeTensor(tensorOf("i32", sizes, positions), order).data as Int32Array);
}

/** The axes that a node reduces as one axis, if need be once they were moved behind the others. */
export function reducedAxes(node: Node): ReducedAxes {
  const taps = elementCount((node.attributes.axes as readonly number[]).map((axis) => sizesOf(node.inputs[0]!)[axis]));
  return neighbouringAxes(node) ?? { outer: elementCount(sizesOf(node.outputs[0])), taps, inner: 1 };
}

export function refuseReduction(node: Node): string | undefined {
  if (neighbouringAxes(node) !== undefined) return undefined;
  const isLong = elementCount(sizesOf(node.inputs[0]!)) > mostElements;
  return firstOf([isLong || gathering(node) === undefined, "it reduces axes that lie in too many pieces"]);
}

/** Where a node's data lie as `reducedAxes` says. */
export function reducedData(node: Node, writer: Writer): Place {
  const place = writer.placeOf(node.inputs[0]!);
  if (neighbouringAxes(node) !== undefined) return place;
  const count = elementCount(sizesOf(node.inputs[0]!));
  const gathered = writer.scratch(count);
  writeMoves(writer, { first: 0, count }, place, gathered, gathering(node)!);
  return gathered;
}
