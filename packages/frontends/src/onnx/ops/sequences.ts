import type { Dimension, Value } from "@millrace/ir";
import { concat, split } from "@millrace/ops";
import { Sequence } from "../sequence.ts";
import type { Importer, SourceNode } from "../source-node.ts";
import { tensorIn } from "./bodies.ts";
import { stackedAlong } from "./steps.ts";
import { reshaped } from "./weights.ts";

/** Steps that a sequence is mapped in at most. */
const maximumItems = 2 ** 12;

/** A place in a sequence; those of an insertion go up to its end. */
function placeOf(node: SourceNode, index: number, count: number): number {
  const [given] = node.numbers(index);
  const place = given < 0 ? given + node.sequence(0).items.length : given;
  return place >= 0 && place < count ? place : node.invalid(`${given} is no place in a sequence of ${count} items`);
}

function inserted(node: SourceNode): Sequence {
  const { items } = node.sequence(0);
  if (items.length >= maximumItems) node.unsupported(`its sequence has ${items.length} items`, "Use shorter ones.");
  const place = node.has(2) ? placeOf(node, 2, items.length + 1) : items.length;
  return new Sequence(items.toSpliced(place, 0, node.input(1)));
}

function erased(node: SourceNode): Sequence {
  const { items } = node.sequence(0);
  return new Sequence(items.toSpliced(node.has(1) ? placeOf(node, 1, items.length) : items.length - 1, 1));
}

function joined(node: SourceNode): Value {
  const { attributes } = node;
  const { items } = node.sequence(0);
  if (items.length === 0) return node.invalid("its sequence is empty");
  const isNew = attributes.flag("new_axis", false);
  const axis = node.axis(attributes.integer("axis"), items[0].type.shape.length + (isNew ? 1 : 0));
  if (isNew) return stackedAlong(node, items, axis);
  return items.length === 1 ? items[0] : node.compute(concat, items, { axis });
}

/** Parts of the size or sizes given, or single slices, which lose the axis if keepdims says so. */
function parted(node: SourceNode): Sequence {
  const { attributes } = node;
  const x = node.input(0);
  const axis = node.axis(attributes.integer("axis", 0), x.type.shape.length);
  const keepsAxis = attributes.flag("keepdims", true) || node.has(1);
  const sizes = node.has(1) ? sizesOf(node, x.type.shape[axis]) : equalSizes(node, x.type.shape[axis], 1);
  if (sizes.length === 0) return new Sequence([]);
  const parts = sizes.length === 1 ? [x] : node.computeAll(split, [x], { axis, sizes });
  return new Sequence(
    keepsAxis ? parts : parts.map((part) => reshaped(node, part, part.type.shape.toSpliced(axis, 1))),
  );
}

function sizesOf(node: SourceNode, size: Dimension): readonly number[] {
  const given = node.numbers(1);
  return node.shape(1).length === 0 ? equalSizes(node, size, given[0]) : given;
}

/** Parts of one size, the last of which may be smaller. */
function equalSizes(node: SourceNode, size: Dimension, part: number): readonly number[] {
  if (typeof size === "string")
    return node.unsupported(`the size ${size} it divides is open`, `Give the size of ${size}.`);
  if (part < 1) node.invalid(`it divides into parts of ${part}`);
  const count = Math.ceil(size / part);
  if (count > maximumItems) node.unsupported(`it divides ${size} into ${count} parts`, "Divide it into fewer.");
  return Array.from({ length: count }, (_, index) => Math.min(part, size - index * part));
}

/** Writes out its graph for every item of the first sequence, with the items of others at the same place, and tensors as they are. */
function mapped(node: SourceNode): readonly Sequence[] {
  const body = node.attributes.graph("body");
  const { items } = node.sequence(0);
  const results = items.map((_, place) => {
    const inputs = node.inputs.map((_, index) => {
      const input = node.item(index);
      return input instanceof Sequence ? (input.items[place] ?? node.invalid("its sequences differ in length")) : input;
    });
    return node.inline(body, inputs, `item_${place}`);
  });
  return body.outputs.map((_, index) => new Sequence(results.map((each) => tensorIn(node, each[index]))));
}

/** Operators on lists of tensors, which are known item by item; an optional is what it holds, or absent. */
export const sequences: Readonly<Record<string, Importer>> = {
  SequenceEmpty(node) {
    node.attributes.ignore("dtype");
    return new Sequence([]);
  },
  SequenceConstruct: (node) => new Sequence(node.all()),
  SequenceInsert: inserted,
  SequenceErase: erased,
  SequenceAt: (node) => node.sequence(0).items[placeOf(node, 1, node.sequence(0).items.length)],
  SequenceLength: (node) => node.scalar(node.sequence(0).items.length, "i64"),
  SequenceMap: mapped,
  ConcatFromSequence: joined,
  SplitToSequence: parted,
  Optional(node) {
    node.attributes.ignore("type");
    return node.has(0) ? node.item(0) : "absent";
  },
  OptionalGetElement: (node) => node.item(0),
  OptionalHasElement: (node) => node.scalar(node.has(0) ? 1 : 0, "bool"),
};
