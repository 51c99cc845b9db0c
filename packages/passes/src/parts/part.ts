import { type Node, sameQuantization, type Value } from "@millrace/ir";
import { slice, split } from "@millrace/ops";

/** A part of a value: all of it but along one axis, where it has `size` indices from `start`. */
export interface Part {
  readonly source: Value;
  readonly axis: number;
  readonly start: number;
  readonly size: number;
}

/** The part that a node's only result is, if that is what the node takes: a slice without steps along one axis. */
export function slicedPart(node: Node): Part | undefined {
  if (node.op !== slice) return undefined;
  const [source] = node.inputs as readonly Value[];
  const { starts, sizes, steps } = slice.attributesOf(node);
  const axes = source.type.shape.flatMap((size, axis) => (sizes[axis] === size ? [] : [axis]));
  const [axis] = axes;
  if (axes.length !== 1 || steps.some((step) => step !== 1)) return undefined;
  const [start, size] = [starts[axis], sizes[axis]];
  if (typeof start !== "number" || typeof size !== "number" || size === 0) return undefined;
  return readsAlike(source, node.outputs[0]) ? { source, axis, start, size } : undefined;
}

/** The parts of another value that the results of a slice or a split are. */
export function partsFrom(node: Node): ReadonlyMap<Value, Part> {
  if (node.op !== split) {
    const part = slicedPart(node);
    return new Map(part && [[node.outputs[0], part]]);
  }
  const [source] = node.inputs as readonly Value[];
  const { axis, sizes } = split.attributesOf(node);
  const parts = new Map<Value, Part>();
  let start = 0;
  for (const [index, output] of node.outputs.entries()) {
    const size = sizes[index];
    if (readsAlike(source, output)) parts.set(output, { source, axis, start, size });
    start += size;
  }
  return parts;
}

function readsAlike(source: Value, part: Value): boolean {
  return sameQuantization(source.type.quantization, part.type.quantization);
}
