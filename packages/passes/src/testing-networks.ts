import { fromNumbers, Graph, type Value } from "@millrace/ir";
import * as ops from "@millrace/ops";
import * as fc from "fast-check";
import { Hand, sizesOf } from "./testing-hand.ts";

/** One step of a random network: which kind of node, and the numbers that its choices are made from. */
interface Step {
  readonly kind: keyof typeof kinds;
  readonly numbers: readonly number[];
}

/** What a network is made from. */
export interface NetworkPlan {
  readonly inputs: readonly (readonly number[])[];
  readonly steps: readonly Step[];
  /** Values that become outputs beside those that nothing reads; the same one may occur twice. */
  readonly outputs: readonly number[];
}

const largestValue = 1200;

const isImage = (shape: readonly number[]) => shape.length === 4;
const none = { activation: "none" };

/** A constant's shape that broadcasts to `shape`. */
function broadcastShape(hand: Hand, shape: readonly number[]): readonly number[] {
  const channels = shape.map((size, axis) => (axis === 1 ? size : 1));
  return hand.pick([[], [1], channels, channels.slice(1), shape, shape.slice(-1), shape.map(() => 1)]);
}

function window(hand: Hand, [, , height, width]: readonly number[]) {
  const kernel = [1 + hand.choose(Math.min(3, height)), 1 + hand.choose(Math.min(3, width))];
  const padding = [...kernel, ...kernel].map((size) => hand.choose(Math.min(2, size)));
  return { kernel, stride: [1 + hand.choose(2), 1 + hand.choose(2)], padding };
}

function convolve(hand: Hand, transposed: boolean): readonly Value[] {
  const x = hand.value(isImage);
  if (!x) return [];
  const channels = sizesOf(x)[1];
  const groups = hand.pick([1, 1, channels, channels % 2 === 0 ? 2 : 1]);
  const { kernel, stride, padding } = window(hand, sizesOf(x));
  const each = 1 + hand.choose(2);
  const attributes = { stride, dilation: [1, 1], groups, layout: "first", ...none };
  const bias = hand.choose(2) === 0 ? [hand.constant([each * groups])] : [];
  if (!transposed) {
    const weights = hand.constant([each * groups, channels / groups, ...kernel]);
    return hand.node(ops.conv2d, [x, weights, ...bias], { ...attributes, padding });
  }
  const outputSize = [0, 1].map((axis) => (sizesOf(x)[axis + 2] - 1) * stride[axis] + kernel[axis]);
  const weights = hand.constant([channels, each, ...kernel]);
  return hand.node(ops.transposeConv2d, [x, weights, ...bias], { ...attributes, padding: [0, 0, 0, 0], outputSize });
}

function reshapeTo(hand: Hand, shape: readonly number[]): readonly number[] {
  const [batch, ...rest] = shape;
  const merged = 1 + hand.choose(Math.max(1, rest.length));
  const flat = shape.reduce((a, b) => a * b, 1);
  const product = (sizes: readonly number[]) => sizes.reduce((a, b) => a * b, 1);
  return hand.pick([
    [batch ?? 1, product(rest)],
    [...shape.slice(0, merged), product(shape.slice(merged))],
    [product(shape.slice(0, merged)), ...shape.slice(merged)],
    [...shape, 1],
    [1, ...shape],
    shape.filter((size) => size !== 1),
    shape.flatMap((size) => (size % 2 === 0 && size > 2 ? [2, size / 2] : [size])),
    shape.flatMap((size) => (size % 2 === 0 && size > 2 ? [size / 2, 2] : [size])),
    flat % 4 === 0 ? [1, 2, 2, flat / 4] : [flat],
    [batch ?? 1, product(rest), 1, 1],
  ]);
}

/** Kinds of steps: each adds nodes, or nothing where it does not fit. */
const kinds = {
  convolution: (hand: Hand) => convolve(hand, false),
  transposedConvolution: (hand: Hand) => convolve(hand, true),
  pool(hand: Hand) {
    const x = hand.value(isImage);
    const shared = x && { ...window(hand, sizesOf(x)), layout: "first", ...none };
    if (hand.choose(2) === 0) return x ? hand.node(ops.maxPool2d, [x], { ...shared, dilation: [1, 1] }) : [];
    return x ? hand.node(ops.averagePool2d, [x], { ...shared, countPadding: hand.choose(2) === 0 }) : [];
  },
  batchNorm(hand: Hand) {
    const x = hand.value((shape) => shape.length >= 2);
    if (!x) return [];
    const vector = (positive = false) => hand.constant([sizesOf(x)[1]], positive);
    return hand.node(ops.batchNorm, [x, vector(), vector(), vector(), vector(true)], { epsilon: 1e-5, axis: 1 });
  },
  clamp(hand: Hand) {
    const [minimum, maximum] = hand.pick([
      [0, Number.POSITIVE_INFINITY],
      [0, 6],
      [-1, 1],
      [0, 1],
      [-0.5, 0.25],
    ]);
    return hand.node(ops.clamp, [hand.value()], { minimum, maximum });
  },
  unary: (hand: Hand) => hand.node(hand.pick([ops.sigmoid, ops.hardSwish, ops.neg, ops.tanh]), [hand.value()]),
  leaky: (hand: Hand) => hand.node(ops.leakyRelu, [hand.value()], { alpha: 0.1 }),
  prelu(hand: Hand) {
    const x = hand.value(isImage);
    return x ? hand.node(ops.prelu, [x, hand.constant([sizesOf(x)[1], 1, 1])]) : [];
  },
  withConstant(hand: Hand) {
    const x = hand.value()!;
    const op = hand.pick([ops.add, ops.mul, ops.sub, ops.div]);
    const constant = hand.constant(broadcastShape(hand, sizesOf(x)), op === ops.div);
    const first = hand.choose(3) === 0 && op !== ops.div;
    return hand.node(op, first ? [constant, x] : [x, constant], { activation: hand.pick(["none", "none", "relu"]) });
  },
  withNeutral(hand: Hand) {
    const [op, number] = hand.pick([
      [ops.mul, 1],
      [ops.add, 0],
      [ops.sub, 0],
      [ops.div, 1],
    ] as const);
    const constant = hand.graph.addConstant("neutral", fromNumbers("f32", [1], [number]));
    return hand.node(op, [hand.value(), constant], none);
  },
  binary(hand: Hand) {
    const a = hand.value()!;
    const b = hand.value((shape) => shape.length === sizesOf(a).length);
    return hand.node(hand.pick([ops.add, ops.mul, ops.sub, ops.maximum]), [a, b], {});
  },
  sum(hand: Hand) {
    const a = hand.value()!;
    const b = hand.value((shape) => shape.join() === sizesOf(a).join());
    return hand.node(hand.pick([ops.add, ops.mul]), [a, b], none);
  },
  gate(hand: Hand) {
    const x = hand.value(isImage);
    const [gate] = x ? hand.node(ops.mean, [x], { axes: [2, 3], keepDims: true }) : [];
    return x && gate ? hand.node(ops.mul, [x, gate], none) : [];
  },
  concat(hand: Hand) {
    const a = hand.value()!;
    const axis = hand.choose(Math.max(1, sizesOf(a).length));
    const others = sizesOf(a).toSpliced(axis, 1).join();
    const b = hand.value((shape) => shape.length > axis && shape.toSpliced(axis, 1).join() === others);
    return hand.node(ops.concat, hand.choose(2) === 0 ? [a, b] : [a, b, a], { axis });
  },
  split(hand: Hand) {
    const x = hand.value((shape) => shape.some((size) => size > 1));
    if (!x) return [];
    const axis = hand.pick(sizesOf(x).flatMap((size, at) => (size > 1 ? at : [])));
    const first = 1 + hand.choose(sizesOf(x)[axis] - 1);
    return hand.node(ops.split, [x], { axis, sizes: [first, sizesOf(x)[axis] - first] });
  },
  pad(hand: Hand) {
    const x = hand.value()!;
    const mode = hand.pick(["constant", "constant", "constant", "reflect", "edge"]);
    const spatial = hand.choose(3) > 0;
    const counts = () => sizesOf(x).map((_, axis) => (spatial && axis < 2 ? 0 : hand.choose(2)));
    return hand.node(ops.pad, [x], { before: counts(), after: counts(), mode, value: hand.pick([0, 0, 1.5]) });
  },
  resize(hand: Hand) {
    const x = hand.value(isImage);
    const [, , height, width] = x ? sizesOf(x) : [];
    const coordinates = hand.pick(["halfPixel", "alignCorners", "asymmetric"]);
    const size = [height + hand.choose(3), width * (1 + hand.choose(2))];
    const nearestRounding = hand.pick(["floor", "roundPreferCeil"]);
    const mode = hand.pick(["nearest", "bilinear"]);
    return x ? hand.node(ops.resize, [x], { mode, size, coordinates, nearestRounding, layout: "first" }) : [];
  },
  slice(hand: Hand) {
    const x = hand.value()!;
    const parts = sizesOf(x).map((size) => {
      const backwards = hand.choose(4) === 0;
      const start = hand.choose(Math.max(1, size));
      return backwards ? { start: size - 1, size, step: -1 } : { start, size: size - start, step: 1 };
    });
    return hand.node(ops.slice, [x], {
      starts: parts.map(({ start }) => start),
      sizes: parts.map(({ size }) => size),
      steps: parts.map(({ step }) => step),
    });
  },
  transpose(hand: Hand) {
    const x = hand.value()!;
    const left = sizesOf(x).map((_, axis) => axis);
    const permutation = sizesOf(x).map(() => left.splice(hand.choose(left.length), 1)[0]);
    return hand.node(ops.transpose, [x], { permutation });
  },
  layout(hand: Hand) {
    const permutation = hand.pick([ops.toChannelsLast, ops.toChannelsFirst]);
    return hand.node(ops.transpose, [hand.value(isImage)], { permutation });
  },
  reshape(hand: Hand) {
    const x = hand.value()!;
    return hand.node(ops.reshape, [x], { shape: reshapeTo(hand, sizesOf(x)) });
  },
  flatten(hand: Hand) {
    const x = hand.value(isImage);
    const [batch, ...rest] = x ? sizesOf(x) : [];
    const shape = [batch, rest.reduce((a, b) => a * b, 1)];
    const [flat] = x ? hand.node(ops.reshape, [x], { shape }) : [];
    return flat ? hand.node(ops.linear, [flat, hand.constant([3, shape[1]])], none) : [];
  },
  linear(hand: Hand) {
    const x = hand.value((shape) => shape.length > 0)!;
    const bias = hand.choose(2) === 0 ? [hand.constant([2])] : [];
    return x ? hand.node(ops.linear, [x, hand.constant([2, sizesOf(x).at(-1)!]), ...bias], none) : [];
  },
  reduce(hand: Hand) {
    const x = hand.value()!;
    const axes = sizesOf(x).flatMap((_, axis) => (hand.choose(2) === 0 ? axis : []));
    const op = hand.pick([ops.mean, ops.sum, ops.reduceMax]);
    return hand.node(op, [x], { axes: axes.length > 0 ? axes : [0], keepDims: hand.choose(2) === 0 });
  },
  softmax(hand: Hand) {
    const x = hand.value((shape) => shape.length > 0);
    return x ? hand.node(ops.softmax, [x], { axis: hand.choose(sizesOf(x).length), beta: 1 }) : [];
  },
  matmul(hand: Hand) {
    const a = hand.value((shape) => shape.length >= 2);
    if (!a) return [];
    const inner = sizesOf(a).at(-1)!;
    const b = hand.pick([hand.constant([inner, 2]), a]);
    return hand.node(ops.matmul, [a, b], { transposeA: false, transposeB: b === a });
  },
  gather(hand: Hand) {
    const x = hand.value((shape) => shape.length > 0);
    if (!x) return [];
    const axis = hand.choose(sizesOf(x).length);
    const shape = hand.pick([[1], [2], [], [2, 1]]);
    const indices = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => hand.choose(sizesOf(x)[axis]));
    const constant = hand.graph.addConstant("indices", fromNumbers("i32", shape, indices));
    return hand.node(ops.gather, [x, constant], { axis });
  },
  tile(hand: Hand) {
    const x = hand.value()!;
    return hand.node(ops.tile, [x], { repeats: sizesOf(x).map(() => 1 + Math.floor(hand.choose(5) / 4)) });
  },
  expand(hand: Hand) {
    const x = hand.value()!;
    const shape = sizesOf(x).map((size) => (size === 1 ? 1 + hand.choose(2) : size));
    return hand.node(ops.expand, [x], { shape: hand.choose(3) === 0 ? [2, ...shape] : shape });
  },
  blocks(hand: Hand) {
    const op = hand.pick([ops.depthToSpace, ops.spaceToDepth]);
    const order = hand.pick(["depthFirst", "columnFirst"]);
    return hand.node(op, [hand.value(isImage)], { block: 2, layout: "first", order });
  },
} satisfies Record<string, (hand: Hand) => readonly Value[]>;

const shapes = fc.record({
  batch: fc.constantFrom(1, 1, 2),
  channels: fc.integer({ min: 1, max: 6 }),
  height: fc.integer({ min: 1, max: 6 }),
  width: fc.integer({ min: 1, max: 6 }),
});

/** Plans of small channel-first networks. */
export function networkPlans(names: readonly (keyof typeof kinds)[], longest: number): fc.Arbitrary<NetworkPlan> {
  return fc.record({
    inputs: fc.array(
      shapes.map(({ batch, channels, height, width }) => [batch, channels, height, width]),
      { minLength: 1, maxLength: 2 },
    ),
    steps: fc.array(
      fc.record({
        kind: fc.constantFrom(...names),
        numbers: fc.array(fc.nat(59), { minLength: 4, maxLength: 12 }),
      }),
      { minLength: 1, maxLength: longest },
    ),
    outputs: fc.array(fc.nat(99), { maxLength: 2 }),
  });
}

export const everyKind = Object.keys(kinds) as readonly (keyof typeof kinds)[];

/** The network that a plan describes; steps that do not fit are left out. */
export function buildNetwork({ inputs, steps, outputs }: NetworkPlan): Graph {
  const graph = new Graph("network");
  const values = inputs.map((shape, index) => graph.addInput(`x${index}`, { dtype: "f32", shape }));
  for (const { kind, numbers } of steps) {
    const made = kinds[kind](new Hand(graph, values, numbers));
    values.push(...made.filter((value) => sizesOf(value).reduce((a, b) => a * b, 1) <= largestValue));
  }
  const ends = values.filter(({ uses, producer }) => uses.size === 0 && producer);
  const chosen = outputs.map((number) => values[number % values.length]);
  const all = ends.length + chosen.length > 0 ? [...ends, ...chosen] : values;
  graph.setOutputs(
    all,
    all.map((_, index) => `out${index}`),
  );
  return graph;
}
