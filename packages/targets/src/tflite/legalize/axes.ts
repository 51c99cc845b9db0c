import { fromNumbers, type Graph, isStatic, type Node, numbersOf, tensorOf } from "@millrace/ir";
import {
  argMax,
  argMin,
  gather,
  gatherNd,
  l2Normalize,
  logSoftmax,
  pad,
  reshape,
  shapeOf,
  slice,
  softmax,
  transpose,
} from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";

/** What normalizes along another axis than the last does so along the last between two transposes. */
export const normalizeLast = rewrite("tflite-normalize-last", {
  roots: [softmax, logSoftmax, l2Normalize],
  find(node) {
    const last = node.inputs[0]!.type.shape.length - 1;
    const axis = node.attributes["axis"] as number;
    return axis === last ? undefined : { axis, last };
  },
  replace({ axis, last }, node, graph) {
    const { step, finish } = edit(graph, node);
    const [x] = node.inputs;
    const exchanged = Array.from({ length: last + 1 }, (_, at) => (at === axis ? last : at === last ? axis : at));
    const turned = step(transpose, [x], { permutation: exchanged }, x!.type);
    const result = step(node.op, [turned], { ...node.attributes, axis: last }, node.outputs[0].type);
    finish(transpose, [result], { permutation: exchanged });
  },
});

/** The index of an extreme keeps its axis by a reshape. */
export const dropArgumentAxis = rewrite("tflite-drop-argument-axis", {
  roots: [argMax, argMin],
  find: (node) => (node.attributes["keepDims"] ? node : undefined),
  replace(_, node, graph) {
    const { step, finish } = edit(graph, node);
    const [result] = node.outputs;
    const index = step(node.op, node.inputs, { ...node.attributes, keepDims: false }, result.type);
    finish(reshape, [index], { shape: result.type.shape });
  },
});

/** Repeating the elements at the edges picks them by index, one axis after the other. */
export const gatherEdges = rewrite("tflite-gather-edges", {
  roots: [pad],
  find(node) {
    const { before, after, mode } = pad.attributesOf(node);
    if (mode !== "edge") return undefined;
    const widened = before.flatMap((count, axis) => (count + after[axis] === 0 ? [] : [axis]));
    const sizes = widened.map((axis) => node.inputs[0]!.type.shape[axis]);
    return isStatic(sizes) ? { before, after, widened, sizes } : undefined;
  },
  replace({ before, after, widened, sizes }, node, graph) {
    const lists = widened.map((axis, at) => {
      const size = sizes[at];
      const count = before[axis] + size + after[axis];
      const indices = Array.from({ length: count }, (_, at) => Math.min(size - 1, Math.max(0, at - before[axis])));
      return { axis, indices };
    });
    gatherAlong(graph, node, lists);
  },
});

/** Puts picks by constant indices along some axes in the place of a node. */
export function gatherAlong(
  graph: Graph,
  node: Node,
  lists: readonly { readonly axis: number; readonly indices: ArrayLike<number> }[],
): void {
  const { step, finish, constant } = edit(graph, node);
  const [x] = node.inputs;
  const picks = lists.map(({ axis, indices }) => {
    const operand = constant(`indices${axis}`, fromNumbers("i32", [indices.length], indices));
    return { operand, attributes: { axis } };
  });
  const last = picks.pop();
  if (last === undefined) {
    finish(reshape, [x], { shape: x!.type.shape });
    return;
  }
  const before = picks.reduce(
    (value, { operand, attributes }) => step(gather, [value, operand], attributes, x!.type),
    x!,
  );
  finish(gather, [before, last.operand], last.attributes);
}

/** Constant indices that count from the end count from the start: TFLite knows no negative ones. Those before the start stay. */
export const countFromStart = rewrite("tflite-count-from-start", {
  roots: [gather, gatherNd],
  find(node) {
    const { data, indices } = gather.inputsOf(node);
    const depth = node.op === gather ? 1 : (indices.type.shape.at(-1) as number);
    const { axis = 0 } = node.attributes as { readonly axis?: number };
    const sizes = data.type.shape.slice(axis, axis + depth);
    if (!indices.constant || !isStatic(sizes)) return undefined;
    const numbers = Array.from(numbersOf(indices.constant));
    const wrapped = numbers.map((index, at) => {
      const fromStart = index + sizes[at % sizes.length];
      return index < 0 && fromStart >= 0 ? fromStart : index;
    });
    return wrapped.some((index, at) => index !== numbers[at]) ? { wrapped, indices: indices.constant } : undefined;
  },
  replace({ wrapped, indices }, node, graph) {
    const { finish, constant } = edit(graph, node);
    const operand = constant("indices", fromNumbers(indices.dtype, indices.shape, wrapped));
    finish(node.op, [node.inputs[0], operand], node.attributes);
  },
});

/** A shape that is known is a constant. */
export const foldShapes = rewrite("tflite-fold-shapes", {
  roots: [shapeOf],
  find(node) {
    const { start, end } = shapeOf.attributesOf(node);
    const sizes = node.inputs[0]!.type.shape.slice(start, end);
    return isStatic(sizes) ? { sizes } : undefined;
  },
  replace({ sizes }, node, graph) {
    const [result] = node.outputs;
    const { name } = result;
    const tensor = tensorOf("i64", [sizes.length], BigInt64Array.from(sizes, BigInt));
    const constant = graph.addConstant(`${name}_known`, tensor);
    graph.replaceUses(result, constant);
    graph.removeNode(node);
    graph.rename(constant, name);
  },
});

/** TFLite gives whole shapes only, of which a part is taken. */
export const sliceShapes = rewrite("tflite-slice-shapes", {
  roots: [shapeOf],
  find(node) {
    const { start, end } = shapeOf.attributesOf(node);
    const rank = node.inputs[0]!.type.shape.length;
    return start === 0 && end === rank ? undefined : { start, end, rank };
  },
  replace({ start, end, rank }, node, graph) {
    const { step, finish } = edit(graph, node);
    const whole = step(shapeOf, node.inputs, { start: 0, end: rank }, { dtype: "i64" });
    finish(slice, [whole], { starts: [start], sizes: [end - start], steps: [1] });
  },
});
