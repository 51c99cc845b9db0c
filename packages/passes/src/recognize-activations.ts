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
import { add, div, elu, gelu, hardSwish, mish, mul, select, sub, tanh } from "@millrace/ops";
import { activationExamples } from "./activation-examples.ts";
import { constantNumber } from "./constant-number.ts";
import { curveOf, isElementwise } from "./curve.ts";
import { nodesBetween, replaceNode } from "./edit.ts";
import { rewrite } from "./rewrite.ts";
import { isPlain } from "./spread.ts";

/** An operator and what it is at each of the points. */
interface Activation {
  readonly op: Operator;
  readonly attributes: Attributes;
  readonly curve: readonly number[];
}

/** An activation of x times a number. */
interface Found {
  readonly x: Value;
  readonly activation: Activation;
  readonly factor: number;
}

/** Numbers from -40 to 40, where all activations have become straight lines; closer together near 0, where they bend. */
const points = fromNumbers(
  "f32",
  [81],
  Array.from({ length: 81 }, (_, at) => ((at - 40) * Math.abs(at - 40)) / 40),
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
  activation(tanh, {}),
];

/** The ELU that falls as far below zero as the curve does, for each step that it rises by in the end. */
function fittingElu(curve: ArrayLike<number>): readonly Activation[] {
  const slope = curve[curve.length - 1] / numbersOf(points)[curve.length - 1];
  const alpha = -curve[0] / slope;
  return alpha > tolerance && Number.isFinite(alpha) ? [activation(elu, { alpha })] : [];
}

/** The activation that a curve is a multiple of. */
function activationOf(curve: ArrayLike<number>): Omit<Found, "x"> | undefined {
  for (const activation of [...activations, ...fittingElu(curve)]) {
    const factor = curve[curve.length - 1] / activation.curve.at(-1)!;
    const isNear = (number: number, at: number) =>
      Math.abs(curve[at] - factor * number) <= tolerance * Math.abs(factor);
    if (factor !== 0 && activation.curve.every(isNear)) return { activation, factor };
  }
  return undefined;
}

/** Values that are read more than once, at most so many steps behind what a node reads; each before those behind it. */
function sharedOperands({ inputs }: Node, steps: number, found = new Set<Value>()): ReadonlySet<Value> {
  for (const value of inputs as readonly Value[]) {
    if (value.uses.size > 1) found.add(value);
    if (steps > 0 && value.producer && isElementwise(value.producer)) sharedOperands(value.producer, steps - 1, found);
  }
  return found;
}

/** Whether the only reader multiplies by a number, which belongs to the same product. */
function isScaledNext({ op, outputs: [product] }: Node): boolean {
  const next = onlyUse(product)?.user;
  if (next === undefined || !isProduct(op) || !isProduct(next.op) || !isPlain(next)) return false;
  const scales = next.op === div ? next.inputs.slice(1) : next.inputs;
  return scales.some((value) => constantNumber(value!) !== undefined);
}

const isProduct = (op: Operator) => op === mul || op === div;

/** The node as an activation of the nearest value that it is a function of. */
function activated(node: Node): Found | undefined {
  const [result] = node.outputs;
  for (const x of sharedOperands(node, 2)) {
    const curve = curveOf(result, x, points);
    if (curve === undefined) continue;
    const found = sameShape(x.type.shape, result.type.shape) ? activationOf(numbersOf(curve)) : undefined;
    return found && { x, ...found };
  }
  return undefined;
}

/**
 * Makes one operator of an activation that is written out, in whatever way: GELU by the error function or by tanh, hard swish, Mish, ELU
 * and the hyperbolic tangent are known by what they are for many numbers.
 */
export const recognizeActivations = rewrite("recognize-activations", {
  roots: [mul, div, add, sub, select],
  find(node) {
    const isReal = node.outputs[0].type.dtype === "f32";
    return isReal && isPlain(node) && !isScaledNext(node) ? activated(node) : undefined;
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
  examples: activationExamples,
});
