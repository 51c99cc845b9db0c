import { type Graph, type Node, onlyUse, type Value } from "@millrace/ir";
import { concat, slice } from "@millrace/ops";
import { removeNodes, replaceNode } from "../edit.ts";
import { rewrite } from "../rewrite.ts";
import { type Part, partsFrom } from "./part.ts";

/** Consecutive values of a concatenation, and the one part of another value that they are together. */
interface Run {
  readonly values: readonly Value[];
  readonly part?: Part;
}

/** The values of a concatenation in runs of parts that follow each other. */
function runsOf(node: Node): readonly Run[] {
  const { axis } = concat.attributesOf(node);
  const makers = new Set(node.inputs.flatMap((value) => value?.producer ?? []));
  const parts = new Map([...makers].flatMap((maker) => [...partsFrom(maker)]));
  const runs: Run[] = [];
  for (const value of node.inputs as readonly Value[]) {
    const part = parts.get(value);
    const last = runs.at(-1);
    const before = last?.part;
    const follows = part && part.axis === axis && before?.source === part.source && before.axis === axis;
    if (last && before && follows && before.start + before.size === part.start)
      runs[runs.length - 1] = { values: [...last.values, value], part: { ...before, size: before.size + part.size } };
    else runs.push({ values: [value], ...(part && { part }) });
  }
  return runs;
}

/**
 * Whether one value in the place of several needs fewer nodes: none if that is all of the source, else one slice for those read here only. A split must not
 * be left with parts that nobody reads: TFLite's XNNPACK has versions that fail on such a one.
 */
function pays({ values, part }: Run): boolean {
  if (part === undefined || values.length < 2) return false;
  if (isWhole(part)) return values.every((value) => value.producer?.op === slice || onlyUse(value));
  return values.every((value) => value.producer?.op === slice && onlyUse(value));
}

function isWhole({ source, axis, size }: Part): boolean {
  return source.type.shape[axis] === size;
}

function joined(graph: Graph, node: Node, { source, axis, start, size }: Part): Value {
  const { shape } = source.type;
  return graph.addNode({
    op: slice,
    inputs: [source],
    attributes: {
      starts: shape.map(() => 0).with(axis, start),
      sizes: shape.with(axis, size),
      steps: shape.map(() => 1),
    },
    name: `${source.name}_part`,
    origin: node.origin,
    before: node,
  }).outputs[0];
}

/** Lets a concatenation read as one what was one before it was cut. */
export const joinParts = rewrite<{ readonly runs: readonly Run[] }>("join-parts", {
  roots: [concat],
  find(node) {
    const runs = runsOf(node);
    return runs.some(pays) ? { runs } : undefined;
  },
  replace({ runs }, node, graph) {
    const cut = node.inputs.flatMap((value) => value?.producer ?? []);
    const inputs = runs.flatMap((run) => {
      if (run.part === undefined || !pays(run)) return run.values;
      return isWhole(run.part) ? run.part.source : joined(graph, node, run.part);
    });
    replaceNode(graph, node, { inputs });
    removeNodes(graph, cut);
  },
  examples: [
    {
      name: "both halves, of which one is read elsewhere too",
      before: `
        input x: f32[1,4]
        a: f32[1,2] = slice(x) {starts=[0,0], sizes=[1,2], steps=[1,1]}
        b: f32[1,2] = slice(x) {starts=[0,2], sizes=[1,2], steps=[1,1]}
        c: f32[1,2] = neg(b)
        y: f32[1,6] = concat(a, b, c) {axis=1}
        output y`,
      after: `
        input x: f32[1,4]
        b: f32[1,2] = slice(x) {starts=[0,2], sizes=[1,2], steps=[1,1]}
        c: f32[1,2] = neg(b)
        y: f32[1,6] = concat(x, c) {axis=1}
        output y`,
    },
    {
      name: "parts that follow each other",
      before: `
        input x: f32[8]
        input z: f32[1]
        a: f32[2] = slice(x) {starts=[1], sizes=[2], steps=[1]}
        b: f32[3] = slice(x) {starts=[3], sizes=[3], steps=[1]}
        y: f32[6] = concat(a, b, z) {axis=0}
        output y`,
      after: `
        input x: f32[8]
        input z: f32[1]
        x_part: f32[5] = slice(x) {starts=[1], sizes=[5], steps=[1]}
        y: f32[6] = concat(x_part, z) {axis=0}
        output y`,
    },
    {
      name: "parts of a split of which one is read elsewhere too",
      before: `
        input x: f32[1,4]
        a: f32[1,2], b: f32[1,2] = split(x) {axis=1, sizes=[2,2]}
        c: f32[1,2] = neg(b)
        y: f32[1,6] = concat(a, b, c) {axis=1}
        output y`,
    },
    {
      name: "parts in another order",
      before: `
        input x: f32[4]
        a: f32[2], b: f32[2] = split(x) {axis=0, sizes=[2,2]}
        y: f32[4] = concat(b, a) {axis=0}
        output y`,
    },
  ],
});
