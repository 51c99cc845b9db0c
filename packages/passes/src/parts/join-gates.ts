import { type Attributes, type Graph, type Node, type Operator, onlyUse, sameShape, type Value } from "@millrace/ir";
import { add, concat, sigmoid, split } from "@millrace/ops";
import { inheritName, removeNodes } from "../edit.ts";
import type { Pass } from "../pass.ts";
import { sameRows } from "../recurrent/unit-axes.ts";

/** What becomes of one part [batch, n] of a split: a sigmoid of it, or of its sum with a part of another split or a constant. */
interface Gate {
  readonly addend: Value | undefined;
  readonly result: Value;
}

/** Gates from part `start` on whose addends stand together too, or a part that stays alone. */
interface Group {
  readonly start: number;
  readonly gates: Gate[];
  readonly size: number;
}

/** Computes the gates of a recurrent step as one where they read parts that stand side by side: one sum and one sigmoid, which is split. */
export const joinGates: Pass = {
  name: "join-gates",
  run(graph) {
    const before = new Set<Node>();
    let changes = 0;
    for (const node of graph.nodes()) {
      if (node.op !== split || !isAlongLast(node)) continue;
      before.add(node);
      const { partner, groups } = groupsOf(node, before);
      const joined = groups.filter(({ gates }) => gates.length >= 2).flatMap(({ gates }) => gates);
      if (joined.length === 0 || joined.some(({ addend }) => partner && addend?.producer !== partner)) continue;
      join(graph, node, partner, groups);
      changes++;
    }
    return changes;
  },
  examples: [
    {
      name: "the first two of three gates, whose sums are of parts of two layers",
      before: `
        input x: f32[1,3]
        input h: f32[1,3]
        a: f32[1,1], b: f32[1,1], c: f32[1,1] = split(x) {axis=1, sizes=[1,1,1]} from [data]
        d: f32[1,1], e: f32[1,1], f: f32[1,1] = split(h) {axis=1, sizes=[1,1,1]} from [hidden]
        ad: f32[1,1] = add(a, d) {activation=none}
        r: f32[1,1] = sigmoid(ad)
        be: f32[1,1] = add(b, e) {activation=none}
        z: f32[1,1] = sigmoid(be)
        rf: f32[1,1] = mul(r, f) {activation=none}
        y: f32[1,1] = add(c, rf) {activation=none}
        output y
        output z`,
      after: `
        input x: f32[1,3]
        input h: f32[1,3]
        a_1: f32[1,2], "a:1": f32[1,1] = split(x) {axis=1, sizes=[2,1]} named a from [data]
        d_1: f32[1,2], "d:1": f32[1,1] = split(h) {axis=1, sizes=[2,1]} named d from [hidden]
        r/add: f32[1,2] = add(d_1, a_1) {activation=none}
        r/sigmoid: f32[1,2] = sigmoid(r/add)
        r: f32[1,1], z: f32[1,1] = split(r/sigmoid) {axis=1, sizes=[1,1]} named r/split
        rf: f32[1,1] = mul(r, "d:1") {activation=none}
        y: f32[1,1] = add("a:1", rf) {activation=none}
        output y
        output z`,
    },
    {
      name: "gates of which some add parts of another layer, and others nothing",
      before: `
        input x: f32[1,4]
        input h: f32[1,4]
        e: f32[1,1], f: f32[1,1], g: f32[1,1], i: f32[1,1] = split(h) {axis=1, sizes=[1,1,1,1]}
        a: f32[1,1], b: f32[1,1], c: f32[1,1], d: f32[1,1] = split(x) {axis=1, sizes=[1,1,1,1]}
        r: f32[1,1] = sigmoid(a)
        z: f32[1,1] = sigmoid(b)
        cg: f32[1,1] = add(c, g) {activation=none}
        s: f32[1,1] = sigmoid(cg)
        di: f32[1,1] = add(d, i) {activation=none}
        t: f32[1,1] = sigmoid(di)
        output r
        output z
        output s
        output t
        output e
        output f`,
    },
    {
      name: "gates that do not stand side by side",
      before: `
        input x: f32[1,3]
        a: f32[1,1], b: f32[1,1], c: f32[1,1] = split(x) {axis=1, sizes=[1,1,1]}
        r: f32[1,1] = sigmoid(a)
        z: f32[1,1] = sigmoid(c)
        n: f32[1,1] = tanh(b)
        output r
        output z
        output n`,
    },
  ],
};

function gateOf(part: Value): Gate | undefined {
  const use = onlyUse(part);
  if (use === undefined || part.type.dtype !== "f32") return undefined;
  const { user, index } = use;
  if (user.op === sigmoid) return { addend: undefined, result: user.outputs[0] };
  if (user.op !== add || add.attributesOf(user).activation !== "none") return undefined;
  const addend = user.inputs[1 - index]!;
  const reader = onlyUse(user.outputs[0])?.user;
  return reader?.op === sigmoid && sameRows(addend.type.shape, part.type.shape)
    ? { addend, result: reader.outputs[0] }
    : undefined;
}

function isAlongLast(node: Node): boolean {
  return split.attributesOf(node).axis === lastAxis(node.inputs[0]!);
}

function lastAxis({ type }: Value): number {
  return type.shape.length - 1;
}

/** The split, among those before, that gives what is added to part `index` of a split of the same sizes. */
function partnerOf(node: Node, index: number, addend: Value | undefined, before: ReadonlySet<Node>): Node | undefined {
  const other = addend?.producer;
  if (!other || other === node || !before.has(other) || !onlyUse(addend) || other.outputs[index] !== addend)
    return undefined;
  const isAlike = isAlongLast(other) && sameShape(split.attributesOf(node).sizes, split.attributesOf(other).sizes);
  return isAlike ? other : undefined;
}

/** The parts of a split in groups, and the one other split that gives what is added to them. */
function groupsOf(node: Node, before: ReadonlySet<Node>) {
  const { sizes } = split.attributesOf(node);
  const groups: Group[] = [];
  let partner: Node | undefined;
  let last: string | undefined;
  for (const [start, part] of node.outputs.entries()) {
    const gate = gateOf(part);
    const other = partnerOf(node, start, gate?.addend, before);
    partner ??= other;
    const kind = gate && kindOf(gate, other !== undefined && other === partner);
    const size = sizes[start] as number;
    const group = groups.at(-1);
    if (gate && group && kind !== undefined && kind === last)
      groups[groups.length - 1] = { ...group, gates: [...group.gates, gate], size: group.size + size };
    else groups.push({ start, gates: gate && kind !== undefined ? [gate] : [], size });
    last = kind;
  }
  return { partner, groups };
}

function kindOf({ addend }: Gate, isPart: boolean): string | undefined {
  if (addend === undefined) return "alone";
  if (addend.constant) return `constant of ${addend.type.shape.length} axes`;
  return isPart ? "part" : undefined;
}

function join(graph: Graph, node: Node, partner: Node | undefined, groups: readonly Group[]): void {
  const { sizes } = split.attributesOf(node);
  const place = graph.after(node);
  const own = regrouped(graph, node, groups);
  const others = partner && regrouped(graph, partner, groups);
  for (const [at, { start, gates }] of groups.entries()) {
    if (gates.length < 2) continue;
    const makers = gates.flatMap(({ addend, result }) => {
      const { producer } = result;
      return addend ? [producer!.inputs[0]!.producer!, producer!] : [producer!];
    });
    const emit = (op: Operator, inputs: readonly Value[], attributes: Attributes) =>
      graph.addNode({
        op,
        inputs,
        attributes,
        name: `${gates[0].result.name}/${op.name}`,
        origin: [...new Set(makers.flatMap(({ origin }) => origin))],
        before: place,
      }).outputs;
    const addends = gates.flatMap(({ addend }) => addend ?? []);
    const [addend] = addends.some(({ constant }) => constant)
      ? emit(concat, addends, { axis: lastAxis(addends[0]) })
      : [others?.[at]];
    const [sum] = addends.length > 0 ? emit(add, [own[at], addend!], { activation: "none" }) : [own[at]];
    const parts = sizes.slice(start, start + gates.length);
    const results = emit(split, emit(sigmoid, [sum], {}), { axis: lastAxis(sum), sizes: parts });
    for (const [index, { result }] of gates.entries()) {
      graph.replaceUses(result, results[index]);
      inheritName(graph, results[index], result);
    }
    removeNodes(graph, makers);
  }
  removeNodes(graph, [node, ...(partner ? [partner] : [])]);
}

/** The parts of a split in groups; parts that stay alone are read in the place of the old ones. */
function regrouped(graph: Graph, node: Node, groups: readonly Group[]): readonly Value[] {
  if (groups.length === 1) return node.inputs as readonly Value[];
  const { outputs } = graph.addNode({
    op: split,
    inputs: node.inputs,
    attributes: { axis: split.attributesOf(node).axis, sizes: groups.map(({ size }) => size) },
    name: node.name,
    origin: node.origin,
    before: graph.after(node),
  });
  for (const [at, { start, gates }] of groups.entries()) {
    const part = node.outputs[start];
    if (gates.length < 2) graph.replaceUses(part, outputs[at]);
  }
  return outputs;
}
