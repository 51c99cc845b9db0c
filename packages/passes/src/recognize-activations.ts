import {
  type Attributes,
  fromNumbers,
  type Node,
  numbersOf,
  type Operator,
  onlyUse,
  sameShape,
  type Value,
} from "@millrace/ir";
import { div, gelu, hardSwish, mish, mul } from "@millrace/ops";
import { constantNumber } from "./constant-number.ts";
import { curveOf } from "./curve.ts";
import { nodesBetween, replaceNode } from "./edit.ts";
import { rewrite } from "./rewrite.ts";

interface Activation {
  readonly op: Operator;
  readonly attributes: Attributes;
  /** What it is at each of the points. */
  readonly curve: readonly number[];
}

/** An activation of x times a number. */
interface Found {
  readonly x: Value;
  readonly activation: Activation;
  readonly factor: number;
}

/** Numbers from -40 to 40, where all activations have become straight lines. */
const points = fromNumbers(
  "f32",
  [217],
  Array.from({ length: 217 }, (_, at) => (at - 108) * 0.37),
);

/** How far constants that exporters round, such as √2, move an activation; any two activations are further apart. */
const tolerance = 1e-4;
/** How far they move a factor from 1. */
const factorTolerance = 1e-3;

function activation(op: Operator, attributes: Attributes): Activation {
  const [curve] = op.evaluate!([points], attributes, [{ dtype: points.dtype, shape: points.shape }]);
  return { op, attributes, curve: Array.from(numbersOf(curve)) };
}

const activations: readonly Activation[] = [
  activation(gelu, { approximate: false }),
  activation(gelu, { approximate: true }),
  activation(hardSwish, {}),
  activation(mish, {}),
];

/** The activation that a curve is a multiple of. */
function activationOf(curve: ArrayLike<number>): Omit<Found, "x"> | undefined {
  for (const activation of activations) {
    const factor = curve[curve.length - 1] / activation.curve.at(-1)!;
    const isNear = (number: number, at: number) =>
      Math.abs(curve[at] - factor * number) <= tolerance * Math.abs(factor);
    if (factor !== 0 && activation.curve.every(isNear)) return { activation, factor };
  }
  return undefined;
}

/** Factors of a product, and of those that are products too, that are read elsewhere as well. */
function sharedFactors(node: Node, depth: number): readonly Value[] {
  return node.inputs.flatMap((value) => {
    const { producer, uses } = value!;
    const inner = depth > 0 && producer && isProduct(producer) ? sharedFactors(producer, depth - 1) : [];
    return uses.size > 1 ? [value!, ...inner] : inner;
  });
}

function isProduct({ op, attributes }: Node): boolean {
  return (op === mul || op === div) && attributes["activation"] === "none";
}

/** Whether the only reader multiplies by a number, which belongs to the same product. */
function isScaledNext({ outputs: [product] }: Node): boolean {
  const next = onlyUse(product)?.user;
  if (next === undefined || !isProduct(next)) return false;
  const scales = next.op === div ? next.inputs.slice(1) : next.inputs;
  return scales.some((value) => constantNumber(value!) !== undefined);
}

function activated(node: Node): Found | undefined {
  const [result] = node.outputs;
  for (const x of sharedFactors(node, 2)) {
    const curve = sameShape(x.type.shape, result.type.shape) ? curveOf(result, x, points) : undefined;
    const found = curve && activationOf(numbersOf(curve));
    if (found) return { x, ...found };
  }
  return undefined;
}

/**
 * Makes one operator of an activation that is written out as x times a function of x, in whatever way: GELU by the error function or
 * by tanh, hard swish and Mish are known by what they are for many numbers.
 */
export const recognizeActivations = rewrite("recognize-activations", {
  roots: [mul, div],
  find(node) {
    const isReal = node.outputs[0].type.dtype === "f32";
    return isReal && isProduct(node) && !isScaledNext(node) ? activated(node) : undefined;
  },
  replace({ x, activation: { op, attributes }, factor }, node, graph) {
    const merged = nodesBetween(x, node);
    if (Math.abs(factor - 1) <= factorTolerance)
      return void replaceNode(graph, node, { op, inputs: [x], attributes }, merged);
    const name = `${node.name}.${op.name}`;
    const origin = [...new Set(merged.flatMap((each) => each.origin))];
    const [y] = graph.addNode({ op, inputs: [x], attributes, name, origin, before: node }).outputs;
    const number = graph.addConstant(`${node.name}.factor`, fromNumbers("f32", [], [factor]));
    replaceNode(graph, node, { op: mul, inputs: [y, number], attributes: { activation: "none" } });
  },
  examples: [
    {
      name: "GELU by the error function",
      before: `
        input x: f32[2]
        constant root: f32[] = [1.4142135]
        a: f32[2] = div(x, root) {activation=none}
        b: f32[2] = erf(a)
        constant one: f32[] = [1]
        c: f32[2] = add(b, one) {activation=none}
        d: f32[2] = mul(x, c) {activation=none}
        constant half: f32[] = [0.5]
        e: f32[2] = mul(d, half) {activation=none} from [gelu]
        output e`,
      after: `
        input x: f32[2]
        e: f32[2] = gelu(x) {approximate=false} from [gelu]
        output e`,
    },
    {
      name: "hard swish by a clamp from 0 to 6",
      before: `
        input x: f32[2]
        constant three: f32[] = [3]
        a: f32[2] = add(x, three) {activation=none}
        b: f32[2] = clamp(a) {minimum=0, maximum=6}
        c: f32[2] = mul(x, b) {activation=none}
        constant six: f32[] = [6]
        d: f32[2] = div(c, six) {activation=none}
        output d`,
      after: `
        input x: f32[2]
        d: f32[2] = hardSwish(x)
        output d`,
    },
    {
      name: "Mish by exponentials that can't overflow",
      before: `
        input x: f32[2]
        p: f32[2] = clamp(x) {minimum=0, maximum=Infinity} from [softplus]
        a: f32[2] = abs(x) from [softplus]
        n: f32[2] = neg(a) from [softplus]
        e: f32[2] = exp(n) from [softplus]
        constant one: f32[] = [1]
        s: f32[2] = add(e, one) {activation=none} from [softplus]
        l: f32[2] = log(s) from [softplus]
        b: f32[2] = add(p, l) {activation=none} from [softplus]
        t: f32[2] = tanh(b) from [tanh]
        y: f32[2] = mul(t, x) {activation=none} from [mul]
        output y`,
      after: `
        input x: f32[2]
        y: f32[2] = mish(x) from [softplus, tanh, mul]
        output y`,
    },
    {
      name: "a gate of another slope",
      before: `
        input x: f32[2]
        constant two: f32[] = [2]
        a: f32[2] = add(x, two) {activation=none}
        b: f32[2] = clamp(a) {minimum=0, maximum=6}
        c: f32[2] = mul(x, b) {activation=none}
        output c`,
    },
    {
      name: "a gate of another softness, and one of other data",
      before: `
        input x: f32[2]
        input z: f32[2]
        e: f32[2] = exp(x)
        constant two: f32[] = [2]
        s: f32[2] = add(e, two) {activation=none}
        l: f32[2] = log(s)
        t: f32[2] = tanh(l)
        y: f32[2] = mul(x, t) {activation=none}
        g: f32[2] = sigmoid(z)
        h: f32[2] = mul(x, g) {activation=none}
        output y
        output h`,
    },
  ],
});
