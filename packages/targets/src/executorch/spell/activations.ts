import { fromNumbers } from "@millrace/ir";
import {
  type Activation,
  activationRanges,
  add,
  arithmeticOperators,
  averagePool2d,
  clamp,
  conv2d,
  greater,
  hardSwish,
  l2Pool2d,
  linear,
  maxPool2d,
  mul,
  prelu,
  select,
  softmax,
  transposeConv2d,
} from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";

const plain = { activation: "none" } as const;

const fused = [conv2d, transposeConv2d, linear, averagePool2d, maxPool2d, l2Pool2d];

/** A fused activation becomes a clamp. */
export const unfuseActivations = rewrite("edge-unfuse-activations", {
  roots: [...fused, ...Object.values(arithmeticOperators)],
  find({ attributes }) {
    const activation = attributes["activation"] as Activation;
    return activation === "none" ? undefined : { range: activationRanges[activation] };
  },
  replace({ range: [minimum, maximum] }, node, graph) {
    const { step, finish } = edit(graph, node);
    const raw = step(node.op, node.inputs, { ...node.attributes, ...plain }, node.outputs[0].type);
    finish(clamp, [raw], { minimum, maximum });
  },
});

/** x · min(6, max(0, x + 3)) / 6. */
export const spellHardSwish = rewrite("edge-spell-hard-swish", {
  roots: [hardSwish],
  find: () => ({}),
  replace(_, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const [x] = node.inputs;
    const { type } = x!;
    const number = (label: string, value: number) => constant(label, fromNumbers(type.dtype, [], [value]));
    const gate = step(clamp, [step(add, [x, number("three", 3)], plain, type)], { minimum: 0, maximum: 6 }, type);
    finish(mul, [step(mul, [x, gate], plain, type), number("sixth", 1 / 6)], plain);
  },
});

/** x where it is positive, else its product with the slope. */
export const spellPrelu = rewrite("edge-spell-prelu", {
  roots: [prelu],
  find: (node) => prelu.inputsOf(node),
  replace({ x, slope }, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const zero = constant("zero", fromNumbers(x.type.dtype, [], [0]));
    const isPositive = step(greater, [x, zero], {}, { dtype: "bool" });
    finish(select, [isPositive, x, step(mul, [x, slope], plain, x.type)], {});
  },
});

/** Scores are scaled before a softmax that scales them. */
export const spellScaledSoftmax = rewrite("edge-spell-scaled-softmax", {
  roots: [softmax],
  find(node) {
    const attributes = softmax.attributesOf(node);
    return attributes.beta === 1 ? undefined : attributes;
  },
  replace({ axis, beta }, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const [x] = node.inputs;
    const { type } = x!;
    const factor = constant("beta", fromNumbers(type.dtype, [], [beta]));
    finish(softmax, [step(mul, [x, factor], plain, type)], { axis, beta: 1 });
  },
});
