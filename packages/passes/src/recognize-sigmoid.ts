import { fromNumbers, type Node, sameShape, type Value } from "@millrace/ir";
import { add, div, exp, mul, neg, sigmoid, sub } from "@millrace/ops";
import { constantNumber } from "./constant-number.ts";
import { nodesBetween, replaceNode } from "./edit.ts";
import { rewrite } from "./rewrite.ts";
import { bothWays, isPlain, operandsOf } from "./spread.ts";
import { writerBefore } from "./step-writer.ts";

const plain = { activation: "none" };

/** number · part. */
interface Product {
  readonly part: Value;
  readonly number: number;
}

/** A quotient as a product with the sigmoid of a product; no dividend stands for 1. */
interface Found {
  readonly of: Product;
  readonly dividend: Value | undefined;
}

/** What a value is the exponential of, where 1 is added to that. */
function exponentBesideOne(value: Value): Value | undefined {
  const sides = bothWays(operandsOf(value, add) ?? []);
  const [power] = sides.find(([, one]) => constantNumber(one) === 1) ?? [];
  return operandsOf(power, exp)?.[0];
}

/** The opposite of a value, where that is no more to compute than the value is. */
function opposite(value: Value): Product | undefined {
  const [negated] = operandsOf(value, neg) ?? [];
  const [zero, subtrahend] = operandsOf(value, sub) ?? [];
  const fromZero = zero && constantNumber(zero) === 0 ? subtrahend : undefined;
  const part = negated ?? fromZero;
  if (part) return { part, number: 1 };
  for (const [factor, number] of bothWays(operandsOf(value, mul) ?? [])) {
    const single = constantNumber(number);
    if (single !== undefined) return { part: factor, number: -single };
  }
  return undefined;
}

function quotient({ inputs: [dividend, divisor] }: Node): Found | undefined {
  const exponent = exponentBesideOne(divisor!);
  if (exponent === undefined) return undefined;
  if (operandsOf(dividend, exp)?.[0] === exponent) return { of: { part: exponent, number: 1 }, dividend: undefined };
  const of = opposite(exponent);
  return of && { of, dividend: constantNumber(dividend!) === 1 ? undefined : dividend };
}

/** Makes sigmoids of quotients by 1 + exp(-x), and products with them where something else than 1 is divided, as in SiLU. */
export const recognizeSigmoid = rewrite("recognize-sigmoid", {
  roots: [div],
  find(node) {
    const [{ type }] = node.outputs;
    const found = type.dtype === "f32" && isPlain(node) ? quotient(node) : undefined;
    const replaced = found?.dividend ? node.inputs[1]!.type : type;
    return found && sameShape(found.of.part.type.shape, replaced.shape) ? found : undefined;
  },
  replace({ of: { part, number }, dividend }, node, graph) {
    const { one } = writerBefore(graph, node);
    const merged = [...nodesBetween(part, node.inputs[1]!.producer!), node];
    const factor = () => graph.addConstant(`${node.name}.slope`, fromNumbers("f32", [], [number]));
    const x = number === 1 ? part : one(mul, [part, factor()], plain);
    if (dividend)
      replaceNode(graph, node, { op: mul, inputs: [dividend, one(sigmoid, [x], {})], attributes: plain }, merged);
    else replaceNode(graph, node, { op: sigmoid, inputs: [x], attributes: {} }, merged);
  },
  examples: [
    {
      name: "a quotient, and one of exponentials",
      before: `
        input x: f32[2]
        n: f32[2] = neg(x) from [neg]
        e: f32[2] = exp(n) from [exp]
        constant one: f32[] = [1]
        s: f32[2] = add(one, e) {activation=none} from [add]
        y: f32[2] = div(one, s) {activation=none} from [div]
        p: f32[2] = exp(y)
        q: f32[2] = add(p, one) {activation=none}
        z: f32[2] = div(p, q) {activation=none}
        output z`,
      after: `
        input x: f32[2]
        y: f32[2] = sigmoid(x) from [neg, exp, add, div]
        z: f32[2] = sigmoid(y)
        output z`,
    },
    {
      name: "SiLU of another slope",
      before: `
        input z: f32[2]
        x: f32[2] = cos(z) from [before]
        constant slope: f32[] = [-1.5]
        n: f32[2] = mul(x, slope) {activation=none} from [slope]
        e: f32[2] = exp(n)
        constant one: f32[] = [1]
        s: f32[2] = add(e, one) {activation=none}
        y: f32[2] = div(x, s) {activation=none}
        output y`,
      after: `
        input z: f32[2]
        x: f32[2] = cos(z) from [before]
        constant slope: f32[] = [1.5]
        y/mul: f32[2] = mul(x, slope) {activation=none}
        y/sigmoid: f32[2] = sigmoid(y/mul)
        y: f32[2] = mul(x, y/sigmoid) {activation=none} from [slope]
        output y`,
    },
    {
      name: "exponentials beside 2, and of numbers whose opposites would have to be computed",
      before: `
        input x: f32[2]
        n: f32[2] = neg(x)
        e: f32[2] = exp(n)
        constant one: f32[] = [1]
        constant two: f32[] = [2]
        s: f32[2] = add(e, two) {activation=none}
        y: f32[2] = div(one, s) {activation=none}
        p: f32[2] = exp(y)
        q: f32[2] = add(p, one) {activation=none}
        z: f32[2] = div(x, q) {activation=none}
        output z`,
    },
  ],
});
