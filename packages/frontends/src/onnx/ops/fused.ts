import type { Value } from "@millrace/ir";
import { add, clamp, hardSwish, leakyRelu, mul, sigmoid, tanh, transpose } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { convolutions } from "./convolution.ts";
import { plain } from "./elementwise.ts";
import { pooling } from "./pooling.ts";
import { products } from "./products.ts";

const infinity = Number.POSITIVE_INFINITY;

type Activate = (node: SourceNode, x: Value, numbers: readonly number[]) => Value;

/** Activations by their names, with the numbers that shape them. */
const activations: Readonly<Record<string, Activate>> = {
  Relu: (node, x) => node.compute(clamp, [x], { minimum: 0, maximum: infinity }),
  Clip: (node, x, [low = -infinity, high = infinity]) => node.compute(clamp, [x], { minimum: low, maximum: high }),
  LeakyRelu: (node, x, [alpha = 0.01]) => node.compute(leakyRelu, [x], { alpha }),
  Sigmoid: (node, x) => node.compute(sigmoid, [x], {}),
  Tanh: (node, x) => node.compute(tanh, [x], {}),
  HardSwish: (node, x) => node.compute(hardSwish, [x], {}),
  HardSigmoid: (node, x, [alpha = 0.2, beta = 0.5]) => {
    const line = node.compute(mul, [x, node.scalar(alpha)], plain);
    return node.compute(clamp, [node.compute(add, [line, node.scalar(beta)], plain)], { minimum: 0, maximum: 1 });
  },
};

function activated(node: SourceNode, x: Value, numbers: readonly number[]): Value {
  const name = node.attributes.text("activation", "");
  if (name === "") return x;
  if (!Object.hasOwn(activations, name))
    return node.unsupported(`activation is ${name}`, `Use one of ${Object.keys(activations).join(", ")}.`);
  return activations[name](node, x, numbers);
}

/** A convolution, a sum with a fourth input, and an activation. */
function convolution(node: SourceNode): Value {
  const numbers = node.attributes.reals("activation_params") ?? [];
  const product = node.as(convolutions["Conv"], node.input(0), node.input(1), node.optional(2));
  const sum = node.has(3) ? node.compute(add, [product, node.input(3)], plain) : product;
  return activated(node, sum, numbers);
}

function matrixLayer(node: SourceNode): Value {
  const named = ["alpha", "beta", "gamma"].map((name) => `activation_${name}`);
  const numbers = named.filter((name) => node.attributes.has(name)).map((name) => node.attributes.real(name));
  return activated(node, node.as(products["Gemm"], node.input(0), node.input(1), node.optional(2)), numbers);
}

/** A matrix product with a factor, of matrices that may be given transposed. */
function matrixProduct(node: SourceNode): Value {
  const { attributes } = node;
  for (const name of ["transBatchA", "transBatchB"])
    if (attributes.flag(name, false)) node.unsupported(`${name} is 1`, "Transpose the batches in the model.");
  const alpha = attributes.real("alpha", 1);
  const turned = ["transA", "transB"].map((name, index) => {
    const value = node.input(index);
    const rank = value.type.shape.length;
    if (!attributes.flag(name, false) || rank < 2) return value;
    const permutation = Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
    return node.compute(transpose, [value], { permutation });
  });
  const product = node.as(products["MatMul"], ...turned);
  return alpha === 1 ? product : node.compute(mul, [product, node.scalar(alpha)], plain);
}

/** An operator whose result and first `count` inputs have the channels last. */
export function channelsLast(importer: Importer, count = 1): Importer {
  return (node) => {
    const inputs = node.inputs.map((_, index) => {
      const value = node.optional(index);
      return value && index < count ? turned(node, value, [0, -1, ...inner(value, 1)]) : value;
    });
    const result = node.as(importer, ...inputs);
    return turned(node, result, [0, ...inner(result, 2), 1]);
  };
}

/** The axes of a value but two, counted from `first`. */
function inner({ type }: Value, first: number): readonly number[] {
  return Array.from({ length: type.shape.length - 2 }, (_, axis) => axis + first);
}

function turned(node: SourceNode, value: Value, axes: readonly number[]): Value {
  const permutation = axes.map((axis) => node.axis(axis, value.type.shape.length));
  return node.compute(transpose, [value], { permutation });
}

export const fused: Readonly<Record<string, Importer>> = {
  "com.microsoft.FusedConv": convolution,
  "com.microsoft.FusedGemm": matrixLayer,
  "com.microsoft.FusedMatMul": matrixProduct,
  "com.microsoft.NhwcMaxPool": channelsLast(pooling["MaxPool"]),
};
