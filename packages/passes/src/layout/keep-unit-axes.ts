import { type Graph, isGraphOutput, type Node, reshapeTensor, type Value } from "@millrace/ir";
import { reshape } from "@millrace/ops";
import { removeNodes } from "../edit.ts";
import type { Pass } from "../pass.ts";
import { producedBy } from "../rewrite.ts";
import {
  droppedAxes,
  followsLayer,
  isInside,
  regionAround,
  reshapesSaved,
  type UnitAxisRegion,
  usesOutside,
  wideShape,
} from "./unit-axis-region.ts";

/**
 * Leaves data an axis of size 1 where a model drops it and puts it back, such as between one-dimensional convolutions, which are
 * convolutions of images one pixel high: what lies between works on the wider data. Each region of nodes that agree on the axis
 * changes as a whole, if that leaves fewer reshapes, or as many and puts activations next to the layers that can take them in.
 */
export const keepUnitAxes: Pass = {
  name: "keep-unit-axes",
  run(graph) {
    const taken = new Map<number, Set<Node>>();
    let changes = 0;
    for (const node of graph.nodes()) {
      const regions = droppedAxes(node).map((axis) => {
        const others = taken.get(axis) ?? new Set<Node>();
        taken.set(axis, others);
        const region = regionAround(node.outputs[0], axis, others);
        for (const each of region.nodes) others.add(each);
        return { region, saved: reshapesSaved(region) };
      });
      const best = regions.toSorted((a, b) => b.saved - a.saved)[0];
      if (best === undefined || best.region.nodes.size === 0 || best.saved < 0) continue;
      if (best.saved === 0 && !followsLayer(best.region, graph)) continue;
      widen(graph, best.region);
      changes++;
    }
    return changes;
  },
  examples: [
    {
      name: "what lies between two convolutions of sequences",
      before: `
        input x: f32[1,1,4,1]
        constant w: f32[1,1,2,1] = [1, 2]
        a: f32[1,1,3,1] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=none}
        b: f32[1,3,1] = reshape(a) {shape=[1,3,1]}
        c: f32[1,3,1] = clamp(b) {minimum=0, maximum=6}
        d: f32[1,4,1] = pad(c) {before=[0,1,0], after=[0,0,0], mode=constant, value=0}
        e: f32[1,1,4,1] = reshape(d) {shape=[1,1,4,1]}
        f: f32[1,1,3,1] = conv2d(e, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=none}
        output f`,
      after: `
        input x: f32[1,1,4,1]
        constant w: f32[1,1,2,1] = [1, 2]
        a: f32[1,1,3,1] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=none}
        c: f32[1,1,3,1] = clamp(a) {minimum=0, maximum=6}
        d: f32[1,1,4,1] = pad(c) {before=[0,0,1,0], after=[0,0,0,0], mode=constant, value=0}
        e: f32[1,1,4,1] = reshape(d) {shape=[1,1,4,1]}
        f: f32[1,1,3,1] = conv2d(e, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=none}
        output f`,
    },
    {
      name: "a sum with a constant and another value, and an output in between",
      before: `
        input x: f32[1,1,2,3]
        input y: f32[1,1,2,3]
        a: f32[1,2,3] = reshape(x) {shape=[1,2,3]}
        b: f32[1,2,3] = reshape(y) {shape=[1,2,3]}
        c: f32[1,2,3] = add(a, b) {activation=none}
        constant rows: f32[2,1] = [10, 20]
        d: f32[1,2,3] = mul(c, rows) {activation=none}
        e: f32[1,1,2,3] = reshape(d) {shape=[1,1,2,3]}
        output d
        output e`,
      after: `
        input x: f32[1,1,2,3]
        input y: f32[1,1,2,3]
        c: f32[1,1,2,3] = add(x, y) {activation=none}
        constant rows: f32[2,1] = [10, 20]
        d_wide: f32[1,1,2,3] = mul(c, rows) {activation=none} named d
        d: f32[1,2,3] = reshape(d_wide) {shape=[1,2,3]} named d_narrow
        e: f32[1,1,2,3] = reshape(d_wide) {shape=[1,1,2,3]}
        output d
        output e`,
    },
    {
      name: "data whose axis nothing puts back",
      before: `
        input x: f32[1,1,2,3]
        a: f32[1,2,3] = reshape(x) {shape=[1,2,3]}
        b: f32[1,2,3] = neg(a)
        output b`,
    },
    {
      name: "a layer between, which has no such form",
      before: `
        input x: f32[1,1,2,3]
        a: f32[1,2,3] = reshape(x) {shape=[1,2,3]}
        constant w: f32[1,3] = [1, 2, 3]
        b: f32[1,2,1] = linear(a, w) {activation=none}
        c: f32[1,1,2,1] = reshape(b) {shape=[1,1,2,1]}
        output c`,
    },
  ],
};

function widen(graph: Graph, region: UnitAxisRegion): void {
  const narrowSources: Node[] = [];
  const shapes = new Map([...region.values].map((value) => [value, wideShape(value, region)]));
  for (const [value, shape] of shapes) {
    if (isInside(region, value)) continue;
    const wide = wideSource(graph, value, shape);
    for (const { user, index } of [...value.uses]) if (region.nodes.has(user)) graph.setInput(user, index, wide);
    if (value.producer) narrowSources.push(value.producer);
  }
  for (const node of region.nodes) {
    node.inputs.forEach((value, index) => {
      if (value?.constant) graph.setInput(node, index, wideConstant(graph, value, region));
    });
    graph.setAttributes(node, node.op.widened!(node.attributes, region.axis)!);
  }
  for (const [value, shape] of shapes) if (isInside(region, value)) widenResult(graph, value, shape, region);
  removeNodes(graph, narrowSources);
}

/** A value from before the region with the axis. */
function wideSource(graph: Graph, value: Value, shape: Value["type"]["shape"]): Value {
  const source = producedBy(value, reshape)?.inputs[0] ?? value;
  if (source.type.shape.join() === shape.join()) return source;
  const { producer } = value;
  const next = producer ? graph.after(producer) : graph.nodes().next().value;
  return graph.addNode({
    op: reshape,
    inputs: [source],
    attributes: { shape },
    name: `${value.name}_wide`,
    origin: producer?.origin ?? [],
    outputTypes: [{ ...value.type, shape }],
    before: next ?? graph.results,
  }).outputs[0];
}

function wideConstant(graph: Graph, value: Value, region: UnitAxisRegion): Value {
  const shape = wideShape(value, region) as readonly number[];
  if (shape === value.type.shape) return value;
  return graph.addConstant(value.name, reshapeTensor(value.constant!, shape), value.type.quantization);
}

/** Gives a result of the region its axis; readers outside get it without, but for reshapes, to which it is all the same. */
function widenResult(graph: Graph, value: Value, shape: Value["type"]["shape"], region: UnitAxisRegion): void {
  const { name, type, producer } = value;
  const outside = usesOutside(value, region).filter(({ user }) => user.op !== reshape);
  graph.setType(value, { ...type, shape });
  if (outside.length === 0) return;
  const keepsName = isGraphOutput(graph, value);
  if (keepsName) graph.rename(value, `${name}_wide`);
  const [narrow] = graph.addNode({
    op: reshape,
    inputs: [value],
    attributes: { shape: type.shape },
    name: `${name}_narrow`,
    origin: producer!.origin,
    outputTypes: [type],
    before: graph.after(producer!) ?? graph.results,
  }).outputs;
  for (const { user, index } of outside) graph.setInput(user, index, narrow);
  if (keepsName) graph.rename(narrow, name);
}
