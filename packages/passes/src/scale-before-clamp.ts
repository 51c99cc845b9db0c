import { type Node, onlyUse, sameShape, type Value } from "@millrace/ir";
import { clamp, mul } from "@millrace/ops";
import { constantNumber } from "./constant-number.ts";
import { replaceNode, stepBefore } from "./edit.ts";
import { producedBy, rewrite } from "./rewrite.ts";

interface Found {
  readonly clamping: Node;
  readonly factor: Value;
}

/** A factor's rounding to float32 keeps a product this close to 1. */
const tolerance = 2 ** -22;

/**
 * A hard sigmoid that is a clamp from 0 to c times 1/c becomes a clamp from 0 to 1 of what is scaled before, where the factor goes into
 * the weights of a layer, and devices have an operator for the clamp.
 */
export const scaleBeforeClamp = rewrite<Found>("scale-before-clamp", {
  roots: [mul],
  find(node) {
    const { a, b } = mul.inputsOf(node);
    const [x, factor] = a.constant ? [b, a] : [a, b];
    const number = constantNumber(factor);
    const clamping = producedBy(x, clamp);
    if (!clamping || number === undefined || !onlyUse(x) || mul.attributesOf(node).activation !== "none")
      return undefined;
    const { minimum, maximum } = clamp.attributesOf(clamping);
    const isUnit = minimum === 0 && maximum !== 1 && Math.abs(maximum * number - 1) < tolerance;
    return isUnit && sameShape(x.type.shape, node.outputs[0].type.shape) ? { clamping, factor } : undefined;
  },
  replace({ clamping, factor }, node, graph) {
    const { x } = clamp.inputsOf(clamping);
    const scaled = stepBefore(graph, node)(mul, [x, factor], { activation: "none" });
    replaceNode(graph, node, { op: clamp, inputs: [scaled], attributes: { minimum: 0, maximum: 1 } }, [clamping]);
  },
  examples: [
    {
      name: "a sixth of a ReLU6",
      before: `
        input x: f32[2]
        a: f32[2] = clamp(x) {minimum=0, maximum=6} from [relu6]
        constant sixth: f32[] = [0.16666667]
        y: f32[2] = mul(a, sixth) {activation=none} from [div]
        output y`,
      after: `
        input x: f32[2]
        constant sixth: f32[] = [0.16666667]
        y/mul: f32[2] = mul(x, sixth) {activation=none} from [div]
        y: f32[2] = clamp(y/mul) {minimum=0, maximum=1} from [relu6, div]
        output y`,
    },
    {
      name: "a half of a ReLU6",
      before: `
        input x: f32[2]
        a: f32[2] = clamp(x) {minimum=0, maximum=6}
        constant half: f32[] = [0.5]
        y: f32[2] = mul(a, half) {activation=none}
        output y`,
    },
  ],
});
