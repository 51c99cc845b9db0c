import type { Graph, Node, Value } from "@millrace/ir";
import { add, mul, sub } from "@millrace/ops";
import { type ChannelScaling, channelAxis, foldScaling, perChannel, scalableProducer } from "./channel-scaling.ts";
import { channelConstant } from "./fold-batch-norm.ts";
import { replaceNode, rewrite, usedOnce } from "./rewrite.ts";

interface Affine {
  readonly x: Value;
  readonly axis: number;
  readonly scaling: ChannelScaling;
}

/** A multiplication, addition or subtraction of a constant that is uniform along all axes but `axis`. */
function affineOf(node: Node, axis: number): Affine | undefined {
  if ((node.op !== mul && node.op !== add && node.op !== sub) || node.outputs[0].type.dtype !== "f32") return undefined;
  const [a, b] = node.inputs as readonly Value[];
  const [x, constant] = a.constant === undefined || node.op === sub ? [a, b] : [b, a];
  const { shape } = node.outputs[0].type;
  const channels = shape[axis];
  if (
    x.constant !== undefined ||
    typeof channels !== "number" ||
    x.type.shape.length !== shape.length ||
    x.type.shape[axis] !== channels
  )
    return undefined;
  const values = perChannel(constant, shape.length, axis, channels);
  if (values === undefined) return undefined;
  const uniform = (value: number) => new Float64Array(channels).fill(value);
  if (node.op === mul) return { x, axis, scaling: { gain: values, shift: uniform(0) } };
  return {
    x,
    axis,
    scaling: { gain: uniform(1), shift: node.op === add ? values : Float64Array.from(values, (value) => -value) },
  };
}

/** Folds constant factors and offsets per channel into the convolution or linear layer before them. */
export const foldAffine = rewrite("fold-affine", {
  roots: [mul, add, sub],
  find(node, graph) {
    if (node.attributes["activation"] !== "none") return undefined;
    for (const value of node.inputs) {
      const producer = value && scalableProducer(graph, value);
      const affine = producer && affineOf(node, channelAxis(producer.attributes, value.type.shape.length));
      if (producer && affine && affine.x === value) return { producer, scaling: affine.scaling };
    }
    return undefined;
  },
  replace({ producer, scaling }, node, graph) {
    foldScaling(graph, producer, node, scaling);
  },
});

/** Merges neighbouring constant factors, and neighbouring constant offsets, along one channel axis: k·(x·g) and (x + s) + t become one node. */
export const mergeAffine = rewrite("merge-affine", {
  roots: [mul, add, sub],
  find(node, graph) {
    const rank = node.outputs[0].type.shape.length;
    for (let axis = 0; axis < rank; axis++) {
      const outer = affineOf(node, axis);
      const before = outer?.x.producer;
      if (
        outer === undefined ||
        before === undefined ||
        !usedOnce(graph, outer.x) ||
        before.attributes["activation"] !== "none"
      )
        continue;
      const inner = affineOf(before, axis);
      if (inner === undefined || (before.op === mul) !== (node.op === mul)) continue;
      return { outer, inner, before };
    }
    return undefined;
  },
  replace({ outer, inner, before }, node, graph) {
    const factors = node.op === mul;
    const values = factors
      ? Float64Array.from(inner.scaling.gain, (gain, at) => gain * outer.scaling.gain[at])
      : Float64Array.from(inner.scaling.shift, (shift, at) => shift + outer.scaling.shift[at]);
    const constant = channelConstant(graph, `${node.name}.constant`, values, inner.x, outer.axis);
    replaceNode(graph, node, { op: factors ? mul : add, inputs: [inner.x, constant] }, [before]);
  },
});

/** Whether the pattern (x + s)·g stands where x·g + s·g would let the factor reach a convolution before x. */
export const factorsFirst = rewrite("factors-first", {
  roots: [mul],
  find(node, graph) {
    const rank = node.outputs[0].type.shape.length;
    for (let axis = 0; axis < rank; axis++) {
      const outer = affineOf(node, axis);
      const before = outer?.x.producer;
      if (outer === undefined || before === undefined || before.op === mul || !usedOnce(graph, outer.x)) continue;
      const inner = affineOf(before, axis);
      if (inner === undefined || before.attributes["activation"] !== "none" || node.attributes["activation"] !== "none")
        continue;
      return { outer, inner, before };
    }
    return undefined;
  },
  replace({ outer, inner, before }, node, graph) {
    const { gain } = outer.scaling;
    const shift = Float64Array.from(gain, (factor, at) => factor * inner.scaling.shift[at]);
    const scaled = scaledNode(
      graph,
      node,
      before,
      inner.x,
      channelConstant(graph, `${node.name}.factor`, gain, inner.x, outer.axis),
    );
    const constant = channelConstant(graph, `${node.name}.offset`, shift, inner.x, outer.axis);
    replaceNode(graph, node, { op: add, inputs: [scaled, constant] }, [before]);
  },
});

function scaledNode(graph: Graph, node: Node, before: Node, x: Value, factor: Value): Value {
  const attributes = { activation: "none" };
  const origin = [...before.origin, ...node.origin];
  return graph.addNode({ op: mul, inputs: [x, factor], attributes, name: `${node.name}.scaled`, origin, before: node })
    .outputs[0];
}
