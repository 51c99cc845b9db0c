import { type Node, numbersOf, sameShape, type Value } from "@millrace/ir";
import { gather, reshape, slice, split } from "@millrace/ops";
import { behindUnitAxes } from "./unit-axes.ts";

/** The data of one step: [batch, n] at `place` of the first or second axis of a sequence. */
export interface SequenceSlice {
  readonly sequence: Value;
  readonly axis: number;
  readonly place: number;
}

/** What a split gives: where each part starts, and the size of all of them if it is the same. */
export interface Parts {
  readonly axis: number;
  readonly index: ReadonlyMap<Value, number>;
  readonly starts: readonly number[];
  readonly size: number | undefined;
}

const known = new WeakMap<Node, Parts>();

/** The parts of a split, found once for each node. */
export function partsOf(node: Node): Parts {
  const found = known.get(node);
  if (found) return found;
  const { axis, sizes } = split.attributesOf(node) as { readonly axis: number; readonly sizes: readonly number[] };
  const starts: number[] = [];
  let total = 0;
  for (const size of sizes) {
    starts.push(total);
    total += size;
  }
  const index = new Map(node.outputs.map((output, at) => [output, at]));
  const parts = { axis, index, starts, size: new Set(sizes).size === 1 ? sizes[0] : undefined };
  known.set(node, parts);
  return parts;
}

/** The sequence that `value` [batch, n] is a step of, also behind one that was turned around; undefined if it is none. */
export function sequenceSliceOf(value: Value): SequenceSlice | undefined {
  let [current, found] = [value, partOf(value)];
  for (let source = behindUnitAxes(current); source && !found; source = behindUnitAxes(current)) {
    current = source;
    found = partOf(source);
  }
  return found && followed(found);
}

/** The same step of what a sequence was before its steps were put in reverse. */
function followed({ sequence, axis, place }: SequenceSlice): SequenceSlice {
  const node = sequence.producer;
  const size = sequence.type.shape[axis];
  if (node?.op !== slice || typeof size !== "number") return { sequence, axis, place };
  const { steps } = slice.attributesOf(node);
  const isTurned = steps.every((step, at) => step === (at === axis ? -1 : 1));
  const isWhole = sameShape(node.inputs[0]!.type.shape, sequence.type.shape);
  return isTurned && isWhole ? { sequence: node.inputs[0]!, axis, place: size - 1 - place } : { sequence, axis, place };
}

/** The step of a sequence that a gather, or a slice or split beside a reshape, takes. */
function partOf(value: Value): SequenceSlice | undefined {
  const { producer, type } = value;
  if (producer === undefined) return undefined;
  if (type.shape.length === 3 && type.shape[0] === 1) return stepAlone(value);
  if (type.shape.length !== 2) return undefined;
  if (producer.op === gather) return gathered(producer);
  if (producer.op === split) return rowsOf(producer, value);
  if (producer.op !== reshape) return undefined;
  const cut = producer.inputs[0]!;
  const found = cut.type.shape.length === 3 ? cutFrom(cut) : undefined;
  return found && sameShape(cut.type.shape.toSpliced(found.axis, 1), type.shape) ? found : undefined;
}

/** A step that keeps its axis, in front. */
function stepAlone(value: Value): SequenceSlice | undefined {
  const found = cutFrom(value);
  return found?.axis === 0 ? found : undefined;
}

function gathered(node: Node): SequenceSlice | undefined {
  const { data, indices } = gather.inputsOf(node);
  const { axis } = gather.attributesOf(node);
  const { shape } = data.type;
  if (shape.length !== 3 || axis > 1 || indices.type.shape.length > 0 || !indices.constant) return undefined;
  const size = shape[axis];
  const [place] = Array.from(numbersOf(indices.constant));
  return typeof size === "number" ? { sequence: data, axis, place: place < 0 ? place + size : place } : undefined;
}

/** Parts of a sequence whose axis of steps is merged with the next one. */
function rowsOf(node: Node, value: Value): SequenceSlice | undefined {
  const { axis, index, size } = partsOf(node);
  const merged = node.inputs[0]!.producer;
  if (merged?.op !== reshape || size === undefined) return undefined;
  const sequence = merged.inputs[0]!;
  const { shape } = sequence.type;
  const isWhole = shape.length === 3 && shape[axis] === node.outputs.length;
  if (!isWhole || !sameShape(shape.toSpliced(axis, 1), value.type.shape)) return undefined;
  return { sequence, axis, place: index.get(value)! };
}

/** A single place of the first or second axis that is kept. */
function cutFrom(cut: Value): SequenceSlice | undefined {
  const node = cut.producer;
  if (node?.op === split) {
    const { axis, index, size } = partsOf(node);
    return size === 1 && axis < 2 ? { sequence: node.inputs[0]!, axis, place: index.get(cut)! } : undefined;
  }
  if (node?.op !== slice) return undefined;
  const sequence = node.inputs[0]!;
  const { starts, sizes } = slice.attributesOf(node);
  const cuts = sizes.flatMap((size, axis) => (size === sequence.type.shape[axis] ? [] : [axis]));
  const [axis] = cuts;
  const place = starts[axis];
  if (cuts.length !== 1 || axis > 1 || sizes[axis] !== 1 || typeof place !== "number") return undefined;
  return { sequence, axis, place };
}
