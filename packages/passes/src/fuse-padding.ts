import { type Graph, type Node, sameQuantization } from "@millrace/ir";
import { averagePool2d, conv2d, pad, spatialAxes } from "@millrace/ops";
import { replaceNode } from "./edit.ts";
import { producedBy, type Refusal, refuse, rewrite, rowEndingWith, usedOnce } from "./rewrite.ts";

interface Fusing {
  /** What is to be read instead. */
  readonly source: Node;
  readonly attributes: Node["attributes"];
  readonly merged: readonly Node[];
}

/** Merges zero padding of height and width into the convolution or counting average pool that reads it, and paddings with each other. */
export const fusePadding = rewrite<Fusing>("fuse-padding", {
  roots: [pad, conv2d, averagePool2d],
  find: (node, graph) => (node.op === pad ? joined(node) : taken(node, graph)),
  replace({ source, attributes, merged }, node, graph) {
    replaceNode(graph, node, { inputs: [source.inputs[0], ...node.inputs.slice(1)], attributes }, merged);
  },
  examples: [
    {
      name: "uneven padding before a convolution",
      before: `
        input x: f32[1,1,1,2]
        p: f32[1,1,1,4] = pad(x) {before=[0,0,0,0], after=[0,0,0,2], mode=constant, value=0} from [pad]
        constant w: f32[1,1,1,2] = [1, 2]
        y: f32[1,1,1,5] = conv2d(p, w) {stride=[1,1], dilation=[1,1], padding=[0,1,0,1], groups=1, layout=first, activation=none} from [conv]
        output y`,
      after: `
        input x: f32[1,1,1,2]
        constant w: f32[1,1,1,2] = [1, 2]
        y: f32[1,1,1,5] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,1,0,3], groups=1, layout=first, activation=none} from [pad, conv]
        output y`,
    },
    {
      name: "padding in two steps before an average pool, which counts it from then on",
      before: `
        input x: f32[1,2,1,1]
        p: f32[1,3,1,1] = pad(x) {before=[0,1,0,0], after=[0,0,0,0], mode=constant, value=0}
        q: f32[1,4,1,1] = pad(p) {before=[0,0,0,0], after=[0,1,0,0], mode=constant, value=0}
        y: f32[1,2,1,1] = averagePool2d(q) {kernel=[2,1], stride=[2,1], padding=[0,0,0,0], countPadding=false, layout=last, activation=none}
        output y`,
      after: `
        input x: f32[1,2,1,1]
        y: f32[1,2,1,1] = averagePool2d(x) {kernel=[2,1], stride=[2,1], padding=[1,0,1,0], countPadding=true, layout=last, activation=none}
        output y`,
    },
    {
      name: "padding with another number than zero",
      before: `
        input x: f32[1,1,1,1]
        p: f32[1,1,1,2] = pad(x) {before=[0,0,0,0], after=[0,0,0,1], mode=constant, value=1}
        constant w: f32[1,1,1,1] = [1]
        y: f32[1,1,1,2] = conv2d(p, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=first, activation=none}
        output y`,
      noted: "p pads with something else than zero",
    },
    {
      name: "padding of channels",
      before: `
        input x: f32[1,1,1,1]
        p: f32[1,2,1,1] = pad(x) {before=[0,1,0,0], after=[0,0,0,0], mode=constant, value=0}
        constant w: f32[1,2,1,1] = [1, 2]
        y: f32[1,1,1,1] = conv2d(p, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=first, activation=none}
        output y`,
      noted: "p pads other axes than height and width",
    },
    {
      name: "an average pool with padding of its own that does not count",
      before: `
        input x: f32[1,1,1,2]
        p: f32[1,1,1,3] = pad(x) {before=[0,0,0,1], after=[0,0,0,0], mode=constant, value=0}
        y: f32[1,1,1,2] = averagePool2d(p) {kernel=[1,2], stride=[1,2], padding=[0,0,0,1], countPadding=false, layout=first, activation=none}
        output y`,
      noted: "it counts the zeros of p, but not those of its own padding",
    },
  ],
});

/** A row of paddings with the same number as one padding. */
function joined(node: Node): Fusing | undefined {
  const row = rowEndingWith(node);
  const { mode, value } = pad.attributesOf(node);
  const same = row.findLastIndex(
    ({ attributes }) => attributes["mode"] !== "constant" || attributes["value"] !== value,
  );
  const merged = row.slice(same + 1, -1);
  if (merged.length === 0 || mode !== "constant" || changesNumbers(merged[0], node)) return undefined;
  const total = (side: "before" | "after") =>
    pad
      .attributesOf(node)
      [side].map((count, axis) =>
        merged.reduce((sum, { attributes }) => sum + (attributes[side] as readonly number[])[axis], count),
      );
  return {
    source: merged[0],
    attributes: { ...node.attributes, before: total("before"), after: total("after") },
    merged,
  };
}

/** Whether integers stand for other real numbers after `last` than before `first`. */
function changesNumbers(first: Node, last: Node): boolean {
  return !sameQuantization(first.inputs[0]!.type.quantization, last.outputs[0].type.quantization);
}

/** The padding that a node can do itself. */
function taken(node: Node, graph: Graph): Fusing | Refusal | undefined {
  const padding = producedBy(node.inputs[0], pad);
  if (padding === undefined) return undefined;
  const { mode, value, before, after } = pad.attributesOf(padding);
  if (mode !== "constant" || value !== 0 || changesNumbers(padding, padding))
    return refuse(`${padding.name} pads with something else than zero`);
  const { height, width } = spatialAxes(node.attributes["layout"] as "first" | "last");
  const elsewhere = before.some((count, axis) => axis !== height && axis !== width && count + after[axis] > 0);
  if (elsewhere) return refuse(`${padding.name} pads other axes than height and width`);
  const own = node.attributes["padding"] as readonly number[];
  const counting = node.op === averagePool2d;
  if (counting && !node.attributes["countPadding"] && own.some((count) => count > 0))
    return refuse(`it counts the zeros of ${padding.name}, but not those of its own padding`);
  const added = [before[height], before[width], after[height], after[width]];
  const attributes = {
    ...node.attributes,
    padding: own.map((count, side) => count + added[side]),
    ...(counting && { countPadding: true }),
  };
  return { source: padding, attributes, merged: usedOnce(graph, padding.outputs[0]) ? [padding] : [] };
}
