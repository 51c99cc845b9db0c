import { type Graph, type Node, type Shape, sameShape, type Use, type Value } from "@millrace/ir";
import { reshape, widenedShape } from "@millrace/ops";
import { producedBy } from "../rewrite.ts";

/** Nodes that lie together and that could all work on data with one axis of size 1 more, before their axis `axis`. */
export interface UnitAxisRegion {
  readonly axis: number;
  /** Axes of the data as it is. */
  readonly rank: number;
  readonly nodes: ReadonlySet<Node>;
  /** Values that nodes of the region read or make, and that would have the axis; no constants. */
  readonly values: ReadonlySet<Value>;
}

/** Most axes of the wider data; broadcasting of more is not what every target has. */
const mostAxes = 4;

/** The places of axes of size 1 that a reshape does nothing but drop: with any of them put back, the shape is the old one. */
export function droppedAxes(node: Node): readonly number[] {
  if (node.op !== reshape) return [];
  const { shape } = node.inputs[0]!.type;
  const narrow = node.outputs[0].type.shape;
  if (shape.length !== narrow.length + 1 || shape.length > mostAxes) return [];
  return [...shape.keys()].filter((axis) => shape[axis] === 1 && sameShape(shape.toSpliced(axis, 1), narrow));
}

/** The shape of a value of a region with the axis. */
export function wideShape({ type }: Value, { rank, axis }: Pick<UnitAxisRegion, "rank" | "axis">): Shape {
  return widenedShape(type.shape, rank, axis);
}

/** The inputs of a node that would have the axis, if all that it reads and makes can have it. */
function widenedInputs(node: Node, place: Pick<UnitAxisRegion, "rank" | "axis">): readonly Value[] | undefined {
  if (node.op.widened?.(node.attributes, place.axis) === undefined) return undefined;
  const all = [...node.inputs.filter((value) => value !== undefined), ...node.outputs];
  if (all.some(({ type }) => type.quantization?.axis !== undefined || type.shape.length > place.rank)) return undefined;
  if (node.outputs.some(({ type }) => type.shape.length !== place.rank)) return undefined;
  const flowing = node.inputs.filter((value): value is Value => value !== undefined && value.constant === undefined);
  const changing = flowing.filter((value) => wideShape(value, place) !== value.type.shape);
  return changing.every(({ type }) => type.shape.length === place.rank) ? changing : undefined;
}

/** The greatest region around a value; nodes in `taken` belong to another one. */
export function regionAround(seed: Value, axis: number, taken: ReadonlySet<Node>): UnitAxisRegion {
  const place = { axis, rank: seed.type.shape.length };
  const nodes = new Set<Node>();
  const values = new Set([seed]);
  for (const value of values) {
    const around = [value.producer, ...Array.from(value.uses, ({ user }) => user)];
    for (const node of around) {
      if (node === undefined || nodes.has(node) || taken.has(node)) continue;
      const inputs = widenedInputs(node, place);
      if (inputs === undefined) continue;
      nodes.add(node);
      for (const each of [...inputs, ...node.outputs]) values.add(each);
    }
  }
  return { ...place, nodes, values };
}

export function isInside({ nodes }: UnitAxisRegion, { producer }: Value): boolean {
  return producer !== undefined && nodes.has(producer);
}

/** Uses of a value by other nodes than those of the region. */
export function usesOutside({ uses }: Value, { nodes }: UnitAxisRegion): readonly Use[] {
  return [...uses].filter(({ user }) => !nodes.has(user));
}

/** How many reshapes there are less if a region gets its axis. */
export function reshapesSaved(region: UnitAxisRegion): number {
  let saved = 0;
  for (const value of region.values) {
    const outside = usesOutside(value, region);
    const back = outside.filter(({ user }) => isReshapeTo(user, wideShape(value, region)));
    if (isInside(region, value)) {
      const others = outside.filter(({ user }) => user.op !== reshape);
      saved += back.length - (others.length > 0 ? 1 : 0);
    } else saved -= costOfWide(value, region, outside.length > 0);
  }
  return saved;
}

/** Reshapes more that it takes to give a value from before the region its axis. */
function costOfWide(value: Value, region: UnitAxisRegion, staysRead: boolean): number {
  const dropping = producedBy(value, reshape);
  const given = dropping && sameShape(dropping.inputs[0]!.type.shape, wideShape(value, region));
  return (given ? 0 : 1) - (dropping && !staysRead ? 1 : 0);
}

function isReshapeTo({ op, outputs }: Node, shape: Shape): boolean {
  return op === reshape && sameShape(outputs[0].type.shape, shape);
}

/** Whether an operator with an activation of its own comes right before the region, which may then take a part of it in. */
export function followsLayer(region: UnitAxisRegion, graph: Graph): boolean {
  for (const value of region.values) {
    const source = isInside(region, value) ? undefined : producedBy(value, reshape)?.inputs[0];
    if (source?.producer?.attributes["activation"] === undefined || value.uses.size > 1) continue;
    for (const { user } of value.uses) if (user !== graph.results && region.nodes.has(user)) return true;
  }
  return false;
}
