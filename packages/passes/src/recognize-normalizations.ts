import { type Node, onlyUse, sameShape, type Value } from "@millrace/ir";
import { add, div, layerNormalization, mul, neg, rmsNormalization, sub } from "@millrace/ops";
import { nodesBetween, replaceNode } from "./edit.ts";
import { producedBy, rewrite } from "./rewrite.ts";
import {
  bothWays,
  isBeside,
  isMeanOf,
  isPlain,
  isSpread,
  operandsOf,
  type Spread,
  spreadUnder,
  underInverseRoot,
  underRoot,
  waysToScale,
} from "./spread.ts";

/** The number that is added to a variance before its root is taken, and what a root of it is multiplied by. */
interface Found extends Spread {
  readonly epsilon: number;
  readonly scale: Value | undefined;
}

/** What a factor is the inverse of the root of the spread of, or where it divides, the root. */
function spreadBehind(factor: Value, divides: boolean) {
  const radicand = divides ? underRoot(factor) : underInverseRoot(factor);
  const spread = radicand && spreadUnder(radicand);
  return spread && isBeside(factor, spread) ? spread : undefined;
}

/** (x - mean) · scale times the inverse of the root, or over the root: the factor is read by nothing else. */
function standardized(node: Node): Found | undefined {
  const isQuotient = node.op === div;
  for (const [numerator, factor] of bothWays(node.inputs).slice(0, isQuotient ? 1 : 2)) {
    if (onlyUse(factor) === undefined) continue;
    for (const { part, scale } of isQuotient ? [{ part: factor, scale: undefined }] : waysToScale(factor)) {
      const spread = spreadBehind(part, isQuotient);
      const fitting = spread && waysToScale(numerator).find((way) => isSpread(way.part, spread));
      if (fitting && !(scale && fitting.scale)) return { ...spread, scale: scale ?? fitting.scale };
    }
  }
  return undefined;
}

interface Term {
  readonly value: Value;
  readonly sign: number;
}

/** The terms of a sum of sums and differences. */
function termsOf(value: Value, sign: number, depth: number): readonly Term[] {
  const [negated] = operandsOf(value, neg) ?? [];
  if (negated) return [{ value: negated, sign: -sign }];
  const [first, second] = operandsOf(value, add) ?? operandsOf(value, sub) ?? [];
  if (depth === 0 || first === undefined) return [{ value, sign }];
  const signOfSecond = value.producer!.op === sub ? -sign : sign;
  return [...termsOf(first, sign, depth - 1), ...termsOf(second, signOfSecond, depth - 1)];
}

/** x · factor - mean · factor and a constant or none, in any order, as TensorFlow normalizes. */
function shifted(node: Node): (Found & { readonly bias: Value | undefined }) | undefined {
  const terms = termsOf(node.outputs[0], 1, 2);
  const products = terms.filter(({ value }) => producedBy(value, mul));
  const [bias, ...others] = terms.filter((term) => !products.includes(term));
  if (products.length !== 2 || others.length > 0 || (bias && !(bias.value.constant && bias.sign === 1)))
    return undefined;
  for (const [added, taken] of [products, products.toReversed()]) {
    for (const [x, factor] of added.sign === 1 ? bothWays(operandsOf(added.value, mul) ?? []) : []) {
      const other = bothWays(operandsOf(taken.value, mul) ?? []).find(([, each]) => each === factor)?.[0];
      const [center] = other ? termsOf(other, taken.sign, 0) : [];
      if (center?.sign !== -1 || factor.uses.size !== 2) continue;
      for (const { part, scale } of waysToScale(factor)) {
        const spread = spreadBehind(part, false);
        if (spread?.x === x && spread.centred && isMeanOf(center.value, spread))
          return { ...spread, scale, bias: bias?.value };
      }
    }
  }
  return undefined;
}

/** Makes one operator of a normalization over axes by mean and variance, or by mean square, that exporters write out. */
export const recognizeNormalizations = rewrite("recognize-normalizations", {
  roots: [mul, div, add, sub],
  find(node) {
    const { dtype, shape } = node.outputs[0].type;
    if (dtype !== "f32" || !isPlain(node)) return undefined;
    const found = node.op === mul || node.op === div ? standardized(node) : shifted(node);
    return found && sameShape(found.x.type.shape, shape) ? found : undefined;
  },
  replace({ x, centred, axes, epsilon, scale, bias }: Found & { readonly bias?: Value | undefined }, node, graph) {
    const op = centred ? layerNormalization : rmsNormalization;
    const inputs = bias ? [x, scale, bias] : scale ? [x, scale] : [x];
    replaceNode(graph, node, { op, inputs, attributes: { axes, epsilon } }, nodesBetween(x, node));
  },
  examples: [
    {
      name: "layer normalization by a power and a quotient",
      before: `
        input x: f32[2,3]
        m: f32[2,1] = mean(x) {axes=[1], keepDims=true} from [mean]
        d: f32[2,3] = sub(x, m) {activation=none} from [sub]
        constant two: f32[] = [2]
        s: f32[2,3] = pow(d, two) from [pow]
        v: f32[2,1] = mean(s) {axes=[1], keepDims=true} from [variance]
        constant small: f32[] = [0.5]
        e: f32[2,1] = add(v, small) {activation=none} from [add]
        r: f32[2,1] = sqrt(e) from [sqrt]
        y: f32[2,3] = div(d, r) {activation=none} from [div]
        output y`,
      after: `
        input x: f32[2,3]
        y: f32[2,3] = layerNormalization(x) {axes=[1], epsilon=0.5} from [mean, sub, pow, variance, add, sqrt, div]
        output y`,
    },
    {
      name: "layer normalization as TensorFlow writes it, with a factor and an offset",
      before: `
        input x: f32[2,3]
        m: f32[2,1] = mean(x) {axes=[1], keepDims=true} from [norm]
        s: f32[2,3] = squaredDifference(x, m) from [norm]
        v: f32[2,1] = mean(s) {axes=[1], keepDims=true} from [norm]
        constant small: f32[] = [0.5]
        e: f32[2,1] = add(v, small) {activation=none} from [norm]
        r: f32[2,1] = rsqrt(e) from [norm]
        constant gamma: f32[3] = [1, 2, 3]
        f: f32[2,3] = mul(r, gamma) {activation=none} from [norm]
        p: f32[2,3] = mul(x, f) {activation=none} from [norm]
        q: f32[2,3] = mul(m, f) {activation=none} from [norm]
        constant beta: f32[3] = [4, 5, 6]
        o: f32[2,3] = sub(beta, q) {activation=none} from [norm]
        y: f32[2,3] = add(p, o) {activation=none} from [norm]
        output y`,
      after: `
        input x: f32[2,3]
        constant gamma: f32[3] = [1, 2, 3]
        constant beta: f32[3] = [4, 5, 6]
        y: f32[2,3] = layerNormalization(x, gamma, beta) {axes=[1], epsilon=0.5} from [norm]
        output y`,
    },
    {
      name: "root mean square with the factor first",
      before: `
        input x: f32[2,3]
        s: f32[2,3] = mul(x, x) {activation=none}
        v: f32[2,1] = mean(s) {axes=[1], keepDims=true}
        constant small: f32[] = [0.5]
        e: f32[2,1] = add(v, small) {activation=none}
        r: f32[2,1] = sqrt(e)
        constant gain: f32[3] = [1, 2, 3]
        p: f32[2,3] = mul(gain, x) {activation=none}
        y: f32[2,3] = div(p, r) {activation=none}
        output y`,
      after: `
        input x: f32[2,3]
        constant gain: f32[3] = [1, 2, 3]
        y: f32[2,3] = rmsNormalization(x, gain) {axes=[1], epsilon=0.5}
        output y`,
    },
    {
      name: "a variance over other axes than the mean",
      before: `
        input x: f32[2,3]
        m: f32[2,1] = mean(x) {axes=[1], keepDims=true}
        d: f32[2,3] = sub(x, m) {activation=none}
        s: f32[2,3] = square(d)
        v: f32[1,3] = mean(s) {axes=[0], keepDims=true}
        r: f32[1,3] = sqrt(v)
        y: f32[2,3] = div(x, r) {activation=none}
        output y`,
    },
    {
      name: "a deviation that is read elsewhere too",
      before: `
        input x: f32[2,3]
        s: f32[2,3] = square(x)
        v: f32[2,1] = mean(s) {axes=[1], keepDims=true}
        r: f32[2,1] = sqrt(v)
        y: f32[2,3] = div(x, r) {activation=none}
        output y
        output r`,
    },
  ],
});
