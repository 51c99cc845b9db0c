import { fromNumbers, type Node, type Operator, type Value } from "@millrace/ir";
import {
  add,
  groupedShape,
  groupNormalization,
  layerNormalization,
  mean,
  mul,
  reshape,
  rmsNormalization,
  rsqrt,
  squaredDifference,
  sub,
} from "@millrace/ops";
import { type Step, stepBefore } from "./edit.ts";
import { fuseActivations } from "./fuse-activations.ts";
import type { Pass } from "./pass.ts";
import { isFilledWith } from "./remove-identities.ts";
import { rewrite } from "./rewrite.ts";

const plain = { activation: "none" } as const;

/** 1 / √(mean + epsilon). */
function inverseRoot(step: Step, spread: Value, epsilon: Value): Value {
  return step(rsqrt, [step(add, [spread, epsilon], plain)], {});
}

function centred(step: Step, x: Value, axes: readonly number[], epsilon: Value): Value {
  const center = step(mean, [x], { axes, keepDims: true });
  const squares = step(squaredDifference, [x, center], {});
  const variance = step(mean, [squares], { axes, keepDims: true });
  return step(mul, [step(sub, [x, center], plain), inverseRoot(step, variance, epsilon)], plain);
}

function byRootMeanSquare(step: Step, x: Value, axes: readonly number[], epsilon: Value): Value {
  const squares = step(mean, [step(mul, [x, x], plain)], { axes, keepDims: true });
  return step(mul, [x, inverseRoot(step, squares, epsilon)], plain);
}

/** Groups become lines of their own, with as few axes as can be: targets broadcast along few. */
function inGroups(step: Step, x: Value, node: Node, epsilon: Value): Value {
  const { axis, groups } = groupNormalization.attributesOf(node);
  const { shape } = x.type;
  const [batch, before, ...lines] = groupedShape(shape, axis, groups);
  const flat = before === 1;
  const grouped = step(reshape, [x], { shape: flat ? [batch, ...lines] : [batch, before, ...lines] });
  return step(reshape, [centred(step, grouped, flat ? [2] : [1, 3], epsilon)], { shape });
}

type Spelling = (step: Step, x: Value, node: Node, epsilon: Value) => Value;

const spellings: ReadonlyMap<Operator, Spelling> = new Map<Operator, Spelling>([
  [
    layerNormalization,
    (step, x, node, epsilon) => centred(step, x, layerNormalization.attributesOf(node).axes, epsilon),
  ],
  [
    rmsNormalization,
    (step, x, node, epsilon) => byRootMeanSquare(step, x, rmsNormalization.attributesOf(node).axes, epsilon),
  ],
  [groupNormalization, inGroups],
]);

function spelling(keeps: (node: Node) => boolean): Pass {
  return rewrite("spell-normalizations", {
    roots: [...spellings.keys()],
    find: (node) => (keeps(node) ? undefined : { spelling: spellings.get(node.op)! }),
    replace({ spelling }, node, graph) {
      const step = stepBefore(graph, node);
      const { x, scale, bias } = layerNormalization.inputsOf(node);
      const [result] = node.outputs;
      const { name } = result;
      const number = fromNumbers(x.type.dtype, [], [node.attributes["epsilon"] as number]);
      const standard = spelling(step, x, node, graph.addConstant(`${name}/epsilon`, number));
      const product = scale && !isFilledWith(scale, 1) ? step(mul, [standard, scale], plain) : standard;
      const made = bias && !isFilledWith(bias, 0) ? step(add, [product, bias], plain) : product;
      graph.replaceUses(result, made);
      graph.removeNode(node);
      graph.rename(made, name);
    },
  });
}

/** `spellNormalizations` for all nodes but those that `keeps` holds for. */
export function spellNormalizationsBut(keeps: (node: Node) => boolean): Pass {
  const spell = spelling(keeps);
  return {
    name: spell.name,
    run(graph, context) {
      const changes = spell.run(graph, context);
      return changes === 0 ? 0 : changes + fuseActivations.run(graph, context);
    },
  };
}

/**
 * Writes normalizations out as means, differences, roots and products, for what has no operator of its own for them, and lets the last
 * step take an activation in.
 */
export const spellNormalizations: Pass = {
  ...spellNormalizationsBut(() => false),
  examples: [
    {
      name: "rows with a factor and an offset",
      before: `
        input x: f32[2,3]
        constant gain: f32[3] = [1, 2, 3]
        constant shift: f32[3] = [0, 1, 0]
        y: f32[2,3] = layerNormalization(x, gain, shift) {axes=[1], epsilon=1} from [norm]
        output y`,
      after: `
        input x: f32[2,3]
        y/mean: f32[2,1] = mean(x) {axes=[1], keepDims=true} from [norm]
        y/squaredDifference: f32[2,3] = squaredDifference(x, y/mean) from [norm]
        y/mean_1: f32[2,1] = mean(y/squaredDifference) {axes=[1], keepDims=true} named y/mean from [norm]
        y/sub: f32[2,3] = sub(x, y/mean) {activation=none} from [norm]
        constant y/epsilon: f32[] = [1]
        y/add: f32[2,1] = add(y/mean_1, y/epsilon) {activation=none} from [norm]
        y/rsqrt: f32[2,1] = rsqrt(y/add) from [norm]
        y/mul: f32[2,3] = mul(y/sub, y/rsqrt) {activation=none} from [norm]
        constant gain: f32[3] = [1, 2, 3]
        y/mul_1: f32[2,3] = mul(y/mul, gain) {activation=none} named y/mul from [norm]
        constant shift: f32[3] = [0, 1, 0]
        y: f32[2,3] = add(y/mul_1, shift) {activation=none} named y/add from [norm]
        output y`,
    },
    {
      name: "groups of channels that come last",
      before: `
        input x: f32[1,2,2,4]
        y: f32[1,2,2,4] = groupNormalization(x) {axis=3, groups=2, epsilon=1}
        output y`,
      after: `
        input x: f32[1,2,2,4]
        y/reshape: f32[1,4,2,2] = reshape(x) {shape=[1,4,2,2]}
        y/mean: f32[1,1,2,1] = mean(y/reshape) {axes=[1,3], keepDims=true}
        y/squaredDifference: f32[1,4,2,2] = squaredDifference(y/reshape, y/mean)
        y/mean_1: f32[1,1,2,1] = mean(y/squaredDifference) {axes=[1,3], keepDims=true} named y/mean
        y/sub: f32[1,4,2,2] = sub(y/reshape, y/mean) {activation=none}
        constant y/epsilon: f32[] = [1]
        y/add: f32[1,1,2,1] = add(y/mean_1, y/epsilon) {activation=none}
        y/rsqrt: f32[1,1,2,1] = rsqrt(y/add)
        y/mul: f32[1,4,2,2] = mul(y/sub, y/rsqrt) {activation=none}
        y: f32[1,2,2,4] = reshape(y/mul) {shape=[1,2,2,4]} named y/reshape
        output y`,
    },
    {
      name: "channels of an image before an activation",
      before: `
        input x: f32[1,2,2,3]
        constant shift: f32[3] = [0, 1, 0]
        n: f32[1,2,2,3] = layerNormalization(x, -, shift) {axes=[1,2], epsilon=1}
        y: f32[1,2,2,3] = clamp(n) {minimum=0, maximum=Infinity}
        output y`,
      after: `
        input x: f32[1,2,2,3]
        n/mean: f32[1,1,1,3] = mean(x) {axes=[1,2], keepDims=true}
        n/squaredDifference: f32[1,2,2,3] = squaredDifference(x, n/mean)
        n/mean_1: f32[1,1,1,3] = mean(n/squaredDifference) {axes=[1,2], keepDims=true} named n/mean
        n/sub: f32[1,2,2,3] = sub(x, n/mean) {activation=none}
        constant n/epsilon: f32[] = [1]
        n/add: f32[1,1,1,3] = add(n/mean_1, n/epsilon) {activation=none}
        n/rsqrt: f32[1,1,1,3] = rsqrt(n/add)
        n/mul: f32[1,2,2,3] = mul(n/sub, n/rsqrt) {activation=none}
        constant shift: f32[3] = [0, 1, 0]
        y: f32[1,2,2,3] = add(n/mul, shift) {activation=relu}
        output y`,
    },
    {
      name: "unit lengths",
      before: `
        input x: f32[2,3]
        y: f32[2,3] = l2Normalize(x) {axis=1}
        output y`,
    },
  ],
};
