import { fromNumbers, type Graph, type Value } from "@millrace/ir";
import { add, batchNorm, mul } from "@millrace/ops";
import { removeNodes, replaceNode } from "./edit.ts";
import { isRefusal, rewrite } from "./rewrite.ts";
import { type Scaling, type ScalingRow, scalingOf, scalingOperators, scalingRow, sharedResult } from "./scaling.ts";

interface Merging extends ScalingRow {
  readonly x: Value;
}

/** The operations that a scaling needs, in order, each with its constants. */
function stepsOf({ gain, shift }: Scaling) {
  const scales = Array.from(gain).some((factor) => factor !== 1);
  const shifts = Array.from(shift).some((offset) => offset !== 0);
  return [
    ...(scales || !shifts ? [{ op: mul, part: "scale", values: gain }] : []),
    ...(shifts ? [{ op: add, part: "shift", values: shift }] : []),
  ];
}

/**
 * Spells batch norms, and constant factors and offsets that follow each other, as one multiplication and one addition, where no
 * weights before them have taken them in.
 */
export const mergeScaling = rewrite<Merging>("merge-scaling", {
  roots: scalingOperators,
  find(node, graph) {
    const first = scalingOf(node);
    if (first === undefined || isRefusal(first)) return first;
    const row = scalingRow(node, first.scaling);
    const simpler = stepsOf(row.scaling).length < row.nodes.length || row.nodes.some(({ op }) => op === batchNorm);
    return simpler ? { ...row, x: first.x } : sharedResult(row, graph);
  },
  replace({ nodes, scaling, x }, _, graph) {
    const last = nodes.at(-1)!;
    const steps = stepsOf(scaling).map(({ op, part, values }) => ({
      op,
      part,
      constant: channelConstant(graph, `${last.name}.${part}`, values, x, scaling.axis),
    }));
    const final = steps.pop()!;
    const origin = [...new Set(nodes.flatMap((node) => node.origin))];
    const before = steps.reduce((value, { op, part, constant }) => {
      const attributes = { activation: "none" };
      const name = `${last.name}.${part}d`;
      return graph.addNode({ op, inputs: [value, constant], attributes, name, origin, before: last }).outputs[0];
    }, x);
    const { activation = "none" } = last.attributes;
    replaceNode(
      graph,
      last,
      { op: final.op, inputs: [before, final.constant], attributes: { activation } },
      nodes.slice(0, -1),
    );
    removeNodes(graph, nodes.slice(-2, -1));
  },
  examples: [
    {
      name: "a batch norm",
      before: `
        input x: f32[1,2,1,1]
        constant scale: f32[2] = [4, 6]
        constant bias: f32[2] = [1, 2]
        constant mean: f32[2] = [1, 0]
        constant variance: f32[2] = [3, 8]
        y: f32[1,2,1,1] = batchNorm(x, scale, bias, mean, variance) {epsilon=1, axis=1} from [norm]
        output y`,
      after: `
        input x: f32[1,2,1,1]
        constant y.scale: f32[1,2,1,1] = [2, 2]
        y.scaled: f32[1,2,1,1] = mul(x, y.scale) {activation=none} from [norm]
        constant y.shift: f32[1,2,1,1] = [-1, 2]
        y: f32[1,2,1,1] = add(y.scaled, y.shift) {activation=none} from [norm]
        output y`,
    },
    {
      name: "factors on both sides of an offset",
      before: `
        input x: f32[2,2]
        constant two: f32[] = [2]
        a: f32[2,2] = mul(two, x) {activation=none} from [a]
        constant offset: f32[2] = [1, -1]
        b: f32[2,2] = add(offset, a) {activation=none} from [b]
        c: f32[2,2] = mul(b, two) {activation=relu6} from [c]
        output c`,
      after: `
        input x: f32[2,2]
        constant c.scale: f32[1,2] = [4, 4]
        c.scaled: f32[2,2] = mul(x, c.scale) {activation=none} from [a, b, c]
        constant c.shift: f32[1,2] = [2, -2]
        c: f32[2,2] = add(c.scaled, c.shift) {activation=relu6} from [a, b, c]
        output c`,
    },
    {
      name: "offsets that follow each other",
      before: `
        input x: f32[2]
        constant one: f32[1] = [1]
        a: f32[2] = add(x, one) {activation=none}
        constant three: f32[1] = [3]
        b: f32[2] = sub(a, three) {activation=none}
        output b`,
      after: `
        input x: f32[2]
        constant b.shift: f32[1] = [-2]
        b: f32[2] = add(x, b.shift) {activation=none}
        output b`,
    },
    {
      name: "an offset that is read elsewhere too",
      before: `
        input x: f32[2]
        constant one: f32[1] = [1]
        a: f32[2] = add(x, one) {activation=none}
        b: f32[2] = add(a, one) {activation=none}
        output a
        output b`,
      noted: "its result is read by other nodes than b too",
    },
    {
      name: "offsets along different axes",
      before: `
        input x: f32[2,2]
        constant row: f32[1,2] = [1, 2]
        a: f32[2,2] = add(x, row) {activation=none}
        constant column: f32[2,1] = [1, 2]
        b: f32[2,2] = add(a, column) {activation=none}
        output b`,
    },
    {
      name: "a batch norm with computed parameters",
      before: `
        input x: f32[1,1]
        input p: f32[1]
        y: f32[1,1] = batchNorm(x, p, p, p, p) {epsilon=1, axis=1}
        output y`,
      noted: "its parameters are not constant",
    },
  ],
});

/** Numbers shaped to broadcast against `x`: one for each index of `axis`, or one for all elements. */
function channelConstant(graph: Graph, name: string, values: ArrayLike<number>, x: Value, axis?: number): Value {
  const shape = x.type.shape.map((_, at) => (at === axis ? values.length : 1));
  return graph.addConstant(name, fromNumbers("f32", shape, values));
}
