import {
  elementCount,
  fromNumbers,
  type Graph,
  invertPermutation,
  type Node,
  numbersOf,
  onlyUse,
  type Tensor,
  type Value,
} from "@millrace/ir";
import { conv2d, gather, linear } from "@millrace/ops";
import { inheritName, removeNodes, replaceNode } from "../edit.ts";
import { rewrite, usedOnce } from "../rewrite.ts";

/** Layers that take in an order of channels. */
interface Absorption {
  /** The layers that read the channels, or the one layer that makes them. */
  readonly layers: readonly Node[];
  readonly made: boolean;
  /** Where each channel comes from. */
  readonly order: readonly number[];
}

/** Whether a layer sums all channels of its data by real constant weights of its own: those of an input channel stand last, those of an output first. */
function isLayer(node: Node | undefined): node is Node {
  if (node?.op !== linear && node?.op !== conv2d) return false;
  if (node.op === conv2d && (node.attributes["groups"] !== 1 || node.attributes["layout"] !== "last")) return false;
  return node.inputs.slice(1).every((value) => value === undefined || isOwn(value));
}

function isOwn(value: Value): boolean {
  return value.constant?.dtype === "f32" && onlyUse(value) !== undefined;
}

/** The order of channels, last in shape, that a gather makes of all of them; undefined if it makes no order. */
function orderOf(node: Node): readonly number[] | undefined {
  const { data, indices } = gather.inputsOf(node);
  const { shape } = data.type;
  const count = shape.at(-1);
  const whole = gather.attributesOf(node).axis === shape.length - 1 && indices.type.shape.join() === `${count}`;
  if (!whole || typeof count !== "number" || indices.constant === undefined) return undefined;
  const order = Array.from(numbersOf(indices.constant), (index) => (index < 0 ? index + count : index));
  return new Set(order).size === count ? order : undefined;
}

/** Takes a constant order of channels, such as a channel shuffle's, into the weights of all layers that read it, or of the one that makes them. */
export const absorbChannelOrder = rewrite<Absorption>("absorb-channel-order", {
  roots: [gather],
  find(node, graph) {
    const [data] = node.inputs as readonly Value[];
    const order = orderOf(node);
    if (order === undefined) return undefined;
    const readers = [...node.outputs[0].uses];
    if (readers.length > 0 && readers.every(({ user, index }) => index === 0 && isLayer(user)))
      return { layers: readers.map(({ user }) => user), made: false, order };
    return isLayer(data.producer) && usedOnce(graph, data) ? { layers: [data.producer], made: true, order } : undefined;
  },
  replace({ layers, made, order }, node, graph) {
    for (const layer of layers) {
      if (made) giveInOrder(graph, node, layer, order);
      else readInOrder(graph, node, layer, order);
    }
    removeNodes(graph, [node, ...layers]);
  },
  examples: [
    {
      name: "a shuffle before a convolution",
      before: `
        input x: f32[1,1,1,3]
        constant order: i32[3] = [2, 0, 1]
        s: f32[1,1,1,3] = gather(x, order) {axis=3} from [shuffle]
        constant w: f32[1,1,1,3] = [1, 2, 3]
        y: f32[1,1,1,1] = conv2d(s, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=relu} from [conv]
        output y`,
      after: `
        input x: f32[1,1,1,3]
        constant w: f32[1,1,1,3] = [2, 3, 1]
        y: f32[1,1,1,1] = conv2d(x, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=1, layout=last, activation=relu} from [shuffle, conv]
        output y`,
    },
    {
      name: "a shuffle after a linear layer",
      before: `
        input x: f32[1,2]
        constant w: f32[3,2] = [1, 2, 3, 4, 5, 6]
        constant b: f32[3] = [7, 8, 9]
        a: f32[1,3] = linear(x, w, b) {activation=none} from [layer]
        constant order: i32[3] = [2, 0, 1]
        y: f32[1,3] = gather(a, order) {axis=1} from [shuffle]
        output y`,
      after: `
        input x: f32[1,2]
        constant w: f32[3,2] = [5, 6, 1, 2, 3, 4]
        constant b: f32[3] = [9, 7, 8]
        y: f32[1,3] = linear(x, w, b) {activation=none} from [layer, shuffle]
        output y`,
    },
    {
      name: "a shuffle before a convolution of groups",
      before: `
        input x: f32[1,1,1,2]
        constant order: i32[2] = [1, 0]
        s: f32[1,1,1,2] = gather(x, order) {axis=3}
        constant w: f32[2,1,1,1] = [1, 2]
        y: f32[1,1,1,2] = conv2d(s, w) {stride=[1,1], dilation=[1,1], padding=[0,0,0,0], groups=2, layout=last, activation=none}
        output y`,
    },
  ],
});

function readInOrder(graph: Graph, node: Node, layer: Node, order: readonly number[]): void {
  const [, weights, ...others] = layer.inputs as readonly Value[];
  const back = invertPermutation(order);
  const moved = graph.addConstant(weights.name, reordered(weights.constant!, weights.type.shape.length - 1, back));
  replaceNode(graph, layer, { inputs: [node.inputs[0], moved, ...others] }, [node]);
  inheritName(graph, moved, weights);
}

function giveInOrder(graph: Graph, node: Node, layer: Node, order: readonly number[]): void {
  const [x, ...parameters] = layer.inputs as readonly Value[];
  const moved = parameters.map((value) => graph.addConstant(value.name, reordered(value.constant!, 0, order)));
  const { op, attributes } = layer;
  replaceNode(graph, node, { op, inputs: [x, ...moved], attributes }, [layer]);
  removeNodes(graph, [layer]);
  for (const [index, value] of parameters.entries()) inheritName(graph, moved[index], value);
}

/** The tensor with `order[i]` of an axis as its index i. */
function reordered(tensor: Tensor, axis: number, order: readonly number[]): Tensor {
  const inner = elementCount(tensor.shape.slice(axis + 1));
  const numbers = numbersOf(tensor);
  const result = Float64Array.from(numbers, (_, at) => {
    const index = Math.floor(at / inner) % order.length;
    return numbers[at + (order[index] - index) * inner];
  });
  return fromNumbers("f32", tensor.shape, result);
}
