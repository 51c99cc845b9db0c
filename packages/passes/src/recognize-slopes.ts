import { fromNumbers, type Graph, type Node, numbersOf, type Operator, sameShape, type Value } from "@millrace/ir";
import {
  abs,
  add,
  clamp,
  greater,
  greaterEqual,
  leakyRelu,
  less,
  lessEqual,
  maximum,
  minimum,
  neg,
  prelu,
  select,
  sub,
} from "@millrace/ops";
import { constantNumber } from "./constant-number.ts";
import { nodesBetween, replaceNode } from "./edit.ts";
import { producedBy, rewrite } from "./rewrite.ts";
import { bothWays, isPlain, operandsOf, waysToScale } from "./spread.ts";

/** number · vector · part; no vector stands for 1. */
interface Product {
  readonly part: Value;
  readonly number: number;
  readonly vector?: Value;
}

/** x where it is positive, else `slope` · x. */
interface Found {
  readonly x: Value;
  readonly slope: Omit<Product, "part">;
}

const mostFactors = 3;

/** The ways to see a value as a product with numbers and at most one constant of more. */
function products(value: Value): readonly Product[] {
  const ways: Product[] = [{ part: value, number: 1 }];
  for (const { part, number, vector } of ways) {
    for (const { part: inner, scale } of ways.length > mostFactors ? [] : waysToScale(part)) {
      if (scale === undefined) continue;
      const single = constantNumber(scale);
      if (single !== undefined) ways.push({ part: inner, number: number * single, ...(vector && { vector }) });
      else if (vector === undefined) ways.push({ part: inner, number, vector: scale });
    }
  }
  return ways;
}

/** What the value is the positive part of. */
function positivePart(value: Value): Value | undefined {
  const node = producedBy(value, clamp);
  if (node) {
    const { minimum, maximum } = clamp.attributesOf(node);
    return minimum === 0 && maximum === Number.POSITIVE_INFINITY ? clamp.inputsOf(node).x : undefined;
  }
  return besideZero(operandsOf(value, maximum));
}

function besideZero(operands: readonly Value[] | undefined): Value | undefined {
  return bothWays(operands ?? []).find(([, zero]) => constantNumber(zero) === 0)?.[0];
}

/** x and a number by which the value is as much as x where x is negative, and 0 elsewhere. */
function negativePart(value: Value): Product | undefined {
  const positive = positivePart(value);
  const opposite = positive && operandsOf(positive, neg)?.[0];
  if (opposite) return { part: opposite, number: -1 };
  const node = producedBy(value, clamp);
  const isBelow =
    node && clamp.attributesOf(node).maximum === 0 && clamp.attributesOf(node).minimum === Number.NEGATIVE_INFINITY;
  const below = isBelow ? clamp.inputsOf(node).x : besideZero(operandsOf(value, minimum));
  if (below) return { part: below, number: 1 };
  const [x, size] = operandsOf(value, sub) ?? [];
  return x && operandsOf(size, abs)?.[0] === x ? { part: x, number: 2 } : undefined;
}

/** The positive part, and the negative one times something. */
function sumOfParts(node: Node): Found | undefined {
  const sign = node.op === sub ? -1 : 1;
  for (const [first, second] of bothWays(node.inputs).slice(0, node.op === sub ? 1 : 2)) {
    const x = positivePart(first);
    if (x === undefined) continue;
    for (const { part, number, ...rest } of products(second)) {
      const negative = negativePart(part);
      if (negative?.part === x) return { x, slope: { ...rest, number: sign * number * negative.number } };
    }
  }
  return undefined;
}

function productOf(value: Value, x: Value): Product | undefined {
  return products(value).find(({ part }) => part === x);
}

/** x or a product of it, whichever is greater: with slopes from 0 to 1. */
function greaterOne({ inputs }: Node): Found | undefined {
  for (const [x, other] of bothWays(inputs)) {
    const slope = x.constant ? undefined : productOf(other, x);
    if (slope && slope.part !== other && slopesOf(slope).every((item) => item >= 0 && item <= 1)) return { x, slope };
  }
  return undefined;
}

/** x or a product of it, by the sign of x. */
function chosen({ inputs: [condition, first, second] }: Node): Found | undefined {
  const { op, inputs = [] } = condition?.producer ?? {};
  const [tested, zero] = inputs;
  if (!tested || !zero || constantNumber(zero) !== 0 || !first || !second) return undefined;
  const [x, other] = op === greater || op === greaterEqual ? [first, second] : [second, first];
  const isSign = op === greater || op === greaterEqual || op === less || op === lessEqual;
  const slope = isSign && x === tested ? productOf(other, x) : undefined;
  return slope && { x, slope };
}

function slopesOf({ number, vector }: Omit<Product, "part">): Float32Array {
  return Float32Array.from(vector?.constant ? numbersOf(vector.constant) : [1], (item) => number * item);
}

const finders: ReadonlyMap<Operator, (node: Node) => Found | undefined> = new Map<Operator, typeof sumOfParts>([
  [add, sumOfParts],
  [sub, sumOfParts],
  [maximum, greaterOne],
  [select, chosen],
]);

/** Makes one operator of x where it is positive, and else x times a slope, by one number or by one for each channel. */
export const recognizeSlopes = rewrite("recognize-slopes", {
  roots: [...finders.keys()],
  find(node) {
    const { dtype, shape } = node.outputs[0].type;
    const found = dtype === "f32" && isPlain(node) ? finders.get(node.op)!(node) : undefined;
    return found && sameShape(found.x.type.shape, shape) ? found : undefined;
  },
  replace({ x, slope }, node, graph) {
    const merged = nodesBetween(x, node);
    if (slope.vector)
      return void replaceNode(
        graph,
        node,
        { op: prelu, inputs: [x, slopesFor(graph, node, slope)], attributes: {} },
        merged,
      );
    replaceNode(graph, node, { op: leakyRelu, inputs: [x], attributes: { alpha: slope.number } }, merged);
  },
  examples: [
    {
      name: "PReLU as Keras writes it",
      before: `
        input x: f32[2,3]
        p: f32[2,3] = clamp(x) {minimum=0, maximum=Infinity} from [relu]
        n: f32[2,3] = neg(x) from [neg]
        q: f32[2,3] = clamp(n) {minimum=0, maximum=Infinity} from [relu]
        constant alpha: f32[3] = [-0.5, -1, 2]
        r: f32[2,3] = mul(q, alpha) {activation=none} from [mul]
        y: f32[2,3] = add(p, r) {activation=none} from [add]
        output y`,
      after: `
        input x: f32[2,3]
        constant y.slopes: f32[3] = [0.5, 1, -2]
        y: f32[2,3] = prelu(x, y.slopes) from [relu, neg, mul, add]
        output y`,
    },
    {
      name: "by size, by choice, and by which is greater",
      before: `
        input x: f32[2,3]
        p: f32[2,3] = clamp(x) {minimum=0, maximum=Infinity}
        s: f32[2,3] = abs(x)
        d: f32[2,3] = sub(x, s) {activation=none}
        constant half: f32[] = [0.5]
        h: f32[2,3] = mul(d, half) {activation=none}
        constant quarter: f32[] = [0.25]
        q: f32[2,3] = mul(quarter, h) {activation=none}
        a: f32[2,3] = add(p, q) {activation=none}
        constant zero: f32[] = [0]
        positive: bool[2,3] = greater(a, zero)
        g: f32[2,3] = mul(a, half) {activation=none}
        b: f32[2,3] = select(positive, a, g)
        k: f32[2,3] = mul(b, quarter) {activation=none}
        c: f32[2,3] = maximum(k, b)
        output c`,
      after: `
        input x: f32[2,3]
        a: f32[2,3] = leakyRelu(x) {alpha=0.25}
        b: f32[2,3] = leakyRelu(a) {alpha=0.5}
        c: f32[2,3] = leakyRelu(b) {alpha=0.25}
        output c`,
    },
    {
      name: "parts of different values, and a slope above 1 by which is greater",
      before: `
        input x: f32[2]
        input z: f32[2]
        p: f32[2] = clamp(x) {minimum=0, maximum=Infinity}
        n: f32[2] = clamp(z) {minimum=-Infinity, maximum=0}
        a: f32[2] = add(p, n) {activation=none}
        constant two: f32[] = [2]
        b: f32[2] = mul(a, two) {activation=none}
        c: f32[2] = maximum(a, b)
        output c`,
    },
  ],
});

function slopesFor(graph: Graph, node: Node, slope: Found["slope"]): Value {
  const shape = slope.vector!.type.shape as readonly number[];
  return graph.addConstant(`${node.name}.slopes`, fromNumbers("f32", shape, slopesOf(slope)));
}
