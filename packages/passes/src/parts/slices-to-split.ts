import type { Graph, Node, Value } from "@millrace/ir";
import { split } from "@millrace/ops";
import type { Pass } from "../pass.ts";
import { type Part, slicedPart } from "./part.ts";

/** A slice along one axis. */
interface Slicing {
  readonly node: Node;
  readonly part: Part;
}

/** Slices of each value along each axis, in the order of the graph. */
function slicings(graph: Graph): readonly (readonly Slicing[])[] {
  const found = new Map<Value, Map<number, Slicing[]>>();
  for (const node of graph.nodes()) {
    const part = slicedPart(node);
    if (part === undefined) continue;
    const axes = found.get(part.source) ?? new Map<number, Slicing[]>();
    found.set(part.source, axes);
    const along = axes.get(part.axis) ?? [];
    along.push({ node, part });
    axes.set(part.axis, along);
  }
  return [...found.values()].flatMap((axes) => [...axes.values()]);
}

/** Whether slices in the order of their starts cover the axis, each index once. */
function cover(sorted: readonly Slicing[]): boolean {
  let end = 0;
  for (const { part } of sorted) {
    if (part.start !== end) return false;
    end += part.size;
  }
  return end === sorted[0].part.source.type.shape[sorted[0].part.axis];
}

/** Cuts a value once where slices cut it into parts that make up one of its axes. */
export const slicesToSplit: Pass = {
  name: "slices-to-split",
  run(graph) {
    let changes = 0;
    for (const group of slicings(graph)) {
      const sorted = group.toSorted((a, b) => a.part.start - b.part.start);
      if (sorted.length < 2 || !cover(sorted)) continue;
      const [{ node: before, part }] = group;
      const source = before.inputs[0]!;
      const nodes = sorted.map(({ node }) => node);
      const { outputs } = graph.addNode({
        op: split,
        inputs: [source],
        attributes: { axis: part.axis, sizes: sorted.map((each) => each.part.size) },
        name: `${source.name}_split`,
        origin: [...new Set(nodes.flatMap(({ origin }) => origin))],
        outputTypes: nodes.map((node) => node.outputs[0].type),
        before,
      });
      for (const [index, node] of nodes.entries()) replaceResult(graph, node, outputs[index]);
      changes++;
    }
    return changes;
  },
  examples: [
    {
      name: "two halves, whose names stay",
      before: `
        input x: f32[1,4]
        b: f32[1,2] = slice(x) {starts=[0,2], sizes=[1,2], steps=[1,1]} from [b]
        a: f32[1,2] = slice(x) {starts=[0,0], sizes=[1,2], steps=[1,1]} from [a]
        output a
        output b`,
      after: `
        input x: f32[1,4]
        a: f32[1,2], b: f32[1,2] = split(x) {axis=1, sizes=[2,2]} named x_split from [a, b]
        output a
        output b`,
    },
    {
      name: "quarters, cut along one axis and then the other",
      before: `
        input x: f32[2,2]
        a: f32[1,2] = slice(x) {starts=[0,0], sizes=[1,2], steps=[1,1]}
        b: f32[1,2] = slice(x) {starts=[1,0], sizes=[1,2], steps=[1,1]}
        c: f32[1,1] = slice(a) {starts=[0,0], sizes=[1,1], steps=[1,1]}
        d: f32[1,1] = slice(a) {starts=[0,1], sizes=[1,1], steps=[1,1]}
        output b
        output c
        output d`,
      after: `
        input x: f32[2,2]
        a: f32[1,2], b: f32[1,2] = split(x) {axis=0, sizes=[1,1]} named x_split
        c: f32[1,1], d: f32[1,1] = split(a) {axis=1, sizes=[1,1]} named a_split
        output b
        output c
        output d`,
    },
    {
      name: "parts that overlap",
      before: `
        input x: f32[4]
        a: f32[2] = slice(x) {starts=[0], sizes=[2], steps=[1]}
        b: f32[3] = slice(x) {starts=[1], sizes=[3], steps=[1]}
        output a
        output b`,
    },
    {
      name: "a part that is missing",
      before: `
        input x: f32[4]
        a: f32[2] = slice(x) {starts=[0], sizes=[2], steps=[1]}
        b: f32[1] = slice(x) {starts=[3], sizes=[1], steps=[1]}
        output a
        output b`,
    },
  ],
};

function replaceResult(graph: Graph, node: Node, result: Value): void {
  const { name } = node.outputs[0];
  graph.replaceUses(node.outputs[0], result);
  graph.removeNode(node);
  graph.rename(result, name);
}
