import { type Node, type Operator, sameShape, type Value } from "@millrace/ir";
import { add, div, exp, log, logSoftmax, mul, reducedShape, reshape, softmax, sub, sum } from "@millrace/ops";
import { constantNumber } from "./constant-number.ts";
import { nodesBetween, replaceNode } from "./edit.ts";
import { producedBy, rewrite } from "./rewrite.ts";
import { bothWays, isPlain, operandsOf } from "./spread.ts";

/** e to the power of numbers, and the axis along which a value is their sum. */
interface Exponentials {
  readonly powers: Value;
  readonly exponents: Value;
  readonly axis: number;
}

interface Found {
  readonly x: Value;
  readonly op: Operator;
  readonly attributes: Node["attributes"];
}

const softmaxOf = (x: Value, axis: number): Found => ({ x, op: softmax, attributes: { axis, beta: 1 } });
const logSoftmaxOf = (x: Value, axis: number): Found => ({ x, op: logSoftmax, attributes: { axis } });

/** The exponentials that the value is the sum of along one axis, which it keeps or gets back by a reshape. */
function summed(value: Value | undefined): Exponentials | undefined {
  const node = producedBy(producedBy(value, reshape)?.inputs[0] ?? value, sum);
  const [powers] = node?.inputs ?? [];
  const exponents = producedBy(powers, exp)?.inputs[0];
  if (value === undefined || node === undefined || powers === undefined || exponents === undefined) return undefined;
  const { axes } = sum.attributesOf(node);
  const keeps = sameShape(value.type.shape, reducedShape(powers.type.shape, axes, true));
  return keeps && axes.length === 1 ? { powers, exponents, axis: axes[0] } : undefined;
}

/** What the value is a difference of, if what is subtracted is the same all along the axis, which softmax does not see. */
function unshifted(value: Value, axis: number): Value {
  const [x, shift] = operandsOf(value, sub) ?? [];
  if (x === undefined || shift === undefined || !sameShape(x.type.shape, value.type.shape)) return value;
  return (shift.type.shape.at(axis - x.type.shape.length) ?? 1) === 1 ? x : value;
}

function shares(node: Node): Found | undefined {
  const [first, second] = node.inputs as readonly Value[];
  const quotients = bothWays([first, second]).map(([powers, factor]) => {
    const [one, divisor] = operandsOf(factor, div) ?? [];
    return [powers, one && constantNumber(one) === 1 ? divisor : undefined] as const;
  });
  for (const [powers, total] of node.op === div ? [[first, second] as const] : quotients) {
    const found = summed(total);
    if (found?.powers !== powers || powers.uses.size !== 2) continue;
    return softmaxOf(unshifted(found.exponents, found.axis), found.axis);
  }
  return undefined;
}

/** x - log Σ exp(x), where both may be less something that is added to the logarithm again. */
function logarithms(node: Node): Found | undefined {
  const [minuend, subtrahend] = node.inputs as readonly Value[];
  const sums = [[subtrahend, undefined] as const, ...bothWays(operandsOf(subtrahend, add) ?? [])];
  for (const [logarithm, shift] of sums) {
    const found = summed(operandsOf(logarithm, log)?.[0]);
    if (found === undefined || found.powers.uses.size !== 1) continue;
    const { exponents, axis } = found;
    const [x, shifted] = operandsOf(exponents, sub) ?? [];
    if (shift === undefined && minuend === exponents) return logSoftmaxOf(unshifted(exponents, axis), axis);
    if (shift !== undefined && shifted === shift && minuend === x && unshifted(exponents, axis) === x)
      return logSoftmaxOf(x, axis);
  }
  return undefined;
}

function logarithmOfShares(node: Node): Found | undefined {
  const inner = producedBy(node.inputs[0], softmax);
  if (inner === undefined || softmax.attributesOf(inner).beta !== 1) return undefined;
  return logSoftmaxOf(softmax.inputsOf(inner).x, softmax.attributesOf(inner).axis);
}

const finders: ReadonlyMap<Operator, (node: Node) => Found | undefined> = new Map<Operator, typeof shares>([
  [div, shares],
  [mul, shares],
  [sub, logarithms],
  [log, logarithmOfShares],
]);

/** Makes one operator of softmax and its logarithm that are written out with exponentials and their sum. */
export const recognizeSoftmax = rewrite("recognize-softmax", {
  roots: [...finders.keys()],
  find(node) {
    const { dtype, shape } = node.outputs[0].type;
    const found = dtype === "f32" && isPlain(node) ? finders.get(node.op)!(node) : undefined;
    return found && sameShape(found.x.type.shape, shape) ? found : undefined;
  },
  replace({ x, op, attributes }, node, graph) {
    replaceNode(graph, node, { op, inputs: [x], attributes }, nodesBetween(x, node));
  },
  examples: [
    {
      name: "shares of exponentials of what is less than the greatest",
      before: `
        input x: f32[2,3]
        m: f32[2,1] = reduceMax(x) {axes=[1], keepDims=true} from [max]
        d: f32[2,3] = sub(x, m) {activation=none} from [sub]
        e: f32[2,3] = exp(d) from [exp]
        s: f32[2,1] = sum(e) {axes=[1], keepDims=true} from [sum]
        y: f32[2,3] = div(e, s) {activation=none} from [div]
        output y`,
      after: `
        input x: f32[2,3]
        y: f32[2,3] = softmax(x) {axis=1, beta=1} from [max, sub, exp, sum, div]
        output y`,
    },
    {
      name: "a logarithm of shares, and a difference from the logarithm of a sum",
      before: `
        input x: f32[2,3]
        a: f32[2,3] = softmax(x) {axis=1, beta=1}
        b: f32[2,3] = log(a)
        m: f32[1,3] = reduceMax(x) {axes=[0], keepDims=true}
        d: f32[2,3] = sub(x, m) {activation=none}
        e: f32[2,3] = exp(d)
        s: f32[1,3] = sum(e) {axes=[0], keepDims=true}
        l: f32[1,3] = log(s)
        t: f32[1,3] = add(l, m) {activation=none}
        y: f32[2,3] = sub(x, t) {activation=none}
        output b
        output y`,
      after: `
        input x: f32[2,3]
        b: f32[2,3] = logSoftmax(x) {axis=1}
        y: f32[2,3] = logSoftmax(x) {axis=0}
        output b
        output y`,
    },
    {
      name: "exponentials over the sum of others",
      before: `
        input x: f32[2,3]
        e: f32[2,3] = exp(x)
        f: f32[2,3] = exp(e)
        s: f32[2,1] = sum(f) {axes=[1], keepDims=true}
        y: f32[2,3] = div(e, s) {activation=none}
        output y`,
    },
  ],
});
