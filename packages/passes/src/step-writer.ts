import type { Attributes, Graph, Node, Operator, Value } from "@millrace/ir";
import { concat, reshape, split } from "@millrace/ops";

/** Adds nodes before another one, named after it. */
export interface Writer {
  one(op: Operator, inputs: readonly Value[], attributes: Attributes): Value;
  all(op: Operator, inputs: readonly Value[], attributes: Attributes): readonly Value[];
}

export function writerBefore(graph: Graph, node: Node): Writer {
  const { origin, name } = node;
  const all: Writer["all"] = (op, inputs, attributes) =>
    graph.addNode({ op, inputs, attributes, name: `${name}/${op.name}`, origin, before: node }).outputs;
  return { all, one: (op, inputs, attributes) => all(op, inputs, attributes)[0] };
}

/** The slices of a value of known sizes along an axis, in order and without the axis. */
export function slicesAlong({ one, all }: Writer, value: Value, axis: number): readonly Value[] {
  const shape = value.type.shape as readonly number[];
  const [count, rest] = [shape[axis], shape.toSpliced(axis, 1)];
  if (count === 1) return [one(reshape, [value], { shape: rest })];
  if (axis === rest.length) {
    const parts = all(split, [value], { axis, sizes: new Array<number>(count).fill(1) });
    return parts.map((part) => one(reshape, [part], { shape: rest }));
  }
  const rows = one(reshape, [value], { shape: rest.with(axis, count * rest[axis]) });
  return all(split, [rows], { axis, sizes: new Array<number>(count).fill(rest[axis]) });
}

/** Values of one known shape along a new axis. */
export function stackedAlong({ one }: Writer, values: readonly Value[], axis: number): Value {
  const { shape } = values[0].type;
  const isLast = axis === shape.length;
  const items = isLast ? values.map((value) => one(reshape, [value], { shape: [...shape, 1] })) : values;
  const joined = items.length === 1 ? items[0] : one(concat, items, { axis });
  return isLast ? joined : one(reshape, [joined], { shape: shape.toSpliced(axis, 0, values.length) });
}

/** Puts values in the place of a node's results, as far as there are any, under their names; the node is gone afterwards. */
export function replaceResults(graph: Graph, node: Node, values: readonly (Value | undefined)[]): void {
  const names = node.outputs.map(({ name }) => name);
  for (const [index, value] of values.entries()) if (value) graph.replaceUses(node.outputs[index], value);
  graph.removeNode(node);
  for (const [index, value] of values.entries()) if (value?.producer) graph.rename(value, names[index]);
}
