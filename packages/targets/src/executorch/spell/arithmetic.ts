import { subtractDimensions } from "@millrace/ir";
import {
  averagePool2d,
  clamp,
  cumulativeSum,
  div,
  l2Normalize,
  l2Pool2d,
  logicalNot,
  reduceAll,
  reduceAny,
  slice,
  sqrt,
  square,
  squaredDifference,
  sub,
  sum,
} from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";

const plain = { activation: "none" } as const;

export const spellSquaredDifference = rewrite("edge-spell-squared-difference", {
  roots: [squaredDifference],
  find: () => ({}),
  replace(_, node, graph) {
    const { step, finish } = edit(graph, node);
    finish(square, [step(sub, node.inputs, plain, node.outputs[0].type)], {});
  },
});

/** Lengths are kept from 0 as in TFLite. */
export const spellL2Normalize = rewrite("edge-spell-l2-normalize", {
  roots: [l2Normalize],
  find: (node) => l2Normalize.attributesOf(node),
  replace({ axis }, node, graph) {
    const { step, finish } = edit(graph, node);
    const [x] = node.inputs;
    const { type } = x!;
    const squares = step(sum, [step(square, [x], {}, type)], { axes: [axis], keepDims: true }, type);
    const length = step(sqrt, [squares], {}, type);
    const kept = step(clamp, [length], { minimum: 1e-6, maximum: Number.POSITIVE_INFINITY }, type);
    finish(div, [x, kept], plain);
  },
});

/** The root of the mean of squares. */
export const spellL2Pool = rewrite("edge-spell-l2-pool", {
  roots: [l2Pool2d],
  find: (node) => l2Pool2d.attributesOf(node),
  replace(attributes, node, graph) {
    const { step, finish } = edit(graph, node);
    const [x] = node.inputs;
    const { type } = x!;
    const squares = step(square, [x], {}, type);
    finish(sqrt, [step(averagePool2d, [squares], { ...attributes, ...plain, countPadding: false }, type)], {});
  },
});

/** All are true where none is false. */
export const spellReduceAll = rewrite("edge-spell-reduce-all", {
  roots: [reduceAll],
  find: (node) => reduceAll.attributesOf(node),
  replace(attributes, node, graph) {
    const { step, finish } = edit(graph, node);
    const kind = { dtype: "bool" } as const;
    const isFalse = step(logicalNot, node.inputs, {}, kind);
    finish(logicalNot, [step(reduceAny, [isFalse], attributes, kind)], {});
  },
});

/** Sums from the end are sums of what is turned around; exclusive ones lack the element itself. */
export const spellCumulativeSum = rewrite("edge-spell-cumulative-sum", {
  roots: [cumulativeSum],
  find(node) {
    const attributes = cumulativeSum.attributesOf(node);
    return attributes.exclusive || attributes.reverse ? attributes : undefined;
  },
  replace({ axis, exclusive, reverse }, node, graph) {
    const { step, finish } = edit(graph, node);
    const x = node.inputs[0]!;
    const { type } = x;
    const sizes = x.type.shape;
    if (exclusive) {
      const sums = step(cumulativeSum, [x], { axis, exclusive: false, reverse }, type);
      return finish(sub, [sums, x], plain);
    }
    const around = {
      starts: sizes.map((size, at) => (at === axis && size !== 0 ? subtractDimensions(size, 1) : 0)),
      sizes,
      steps: sizes.map((_, at) => (at === axis ? -1 : 1)),
    };
    const turned = step(slice, [x], around, type);
    finish(slice, [step(cumulativeSum, [turned], { axis, exclusive: false, reverse: false }, type)], around);
  },
});
