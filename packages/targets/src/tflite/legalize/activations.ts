import { fromNumbers, integerRange, isFloat, type Node, sameQuantization, type Value } from "@millrace/ir";
import {
  activationRanges,
  asymmetricLinear,
  clamp,
  elu,
  leakyRelu,
  maximum,
  minimum,
  quantize,
  reshape,
} from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";
import { clampName } from "../elementwise.ts";
import { storedNumber } from "../shapes.ts";

/** Whether TFLite has this clamp for these values: all four for floats; not 0 to 1 for quantized data; none for plain integers. */
export function isNamedClamp(node: Node): boolean {
  const { x } = clamp.inputsOf(node);
  const attributes = clamp.attributesOf(node);
  const name = clampName(attributes.minimum, attributes.maximum);
  if (isFloat(x.type.dtype)) return name !== undefined;
  return x.type.quantization !== undefined && name !== undefined && name !== "RELU_0_TO_1";
}

/** Other clamps are a maximum and a minimum with constants; bounds that the stored numbers keep anyway are left out. */
export const splitClamps = rewrite("tflite-split-clamps", {
  roots: [clamp],
  find: (node) => (!isNamedClamp(node) ? clamp.attributesOf(node) : undefined),
  replace(bounds, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const { x } = clamp.inputsOf(node);
    const steps = [
      { op: maximum, label: "lowest", bound: storedBound(x, bounds.minimum) },
      { op: minimum, label: "highest", bound: storedBound(x, bounds.maximum) },
    ].flatMap(({ op, label, bound }) => {
      if (bound === undefined) return [];
      const { dtype, quantization } = x.type;
      return [{ op, operand: constant(label, fromNumbers(dtype, [], [bound]), quantization) }];
    });
    const rescaled = !sameQuantization(x.type.quantization, node.outputs[0].type.quantization);
    const last = rescaled ? undefined : steps.pop();
    const before = steps.reduce((value, { op, operand }) => step(op, [value, operand], {}, x.type), x);
    if (last) finish(last.op, [before, last.operand], {});
    else if (rescaled) finish(quantize, [before], parameters(node));
    else finish(reshape, [before], { shape: x.type.shape });
  },
});

/** TFLite's own kernel of layers whose weights have scales in blocks leaves a fused activation out, so that it becomes a clamp. */
export const unfuseBlockwise = rewrite("tflite-unfuse-blockwise", {
  roots: [asymmetricLinear],
  find(node) {
    const { activation } = asymmetricLinear.attributesOf(node);
    const blocked = node.inputs[1]?.type.quantization?.block !== undefined;
    return blocked && activation !== "none" ? activationRanges[activation] : undefined;
  },
  replace([minimum, maximum], node, graph) {
    const { step, finish } = edit(graph, node);
    const [data, weights, bias] = node.inputs as [Value, Value, Value | undefined];
    const operands = bias ? [data, weights, bias] : [data, weights];
    const sums = step(asymmetricLinear, operands, { activation: "none" }, node.outputs[0].type);
    finish(clamp, [sums], { minimum, maximum });
  },
});

/** TFLite's ELU falls to -1. One that falls elsewhere scales what is below zero, which a leaky ReLU does; for floats only. */
export const scaleElu = rewrite("tflite-scale-elu", {
  roots: [elu],
  find(node) {
    const { alpha } = elu.attributesOf(node);
    return alpha !== 1 && node.outputs[0].type.dtype === "f32" ? { alpha } : undefined;
  },
  replace({ alpha }, node, graph) {
    const { step, finish } = edit(graph, node);
    const { x } = elu.inputsOf(node);
    finish(leakyRelu, [step(elu, [x], { alpha: 1 }, x.type)], { alpha });
  },
});

/** A bound as it is stored, or undefined where no stored number is beyond it. */
function storedBound({ type }: Value, bound: number): number | undefined {
  if (isFloat(type.dtype)) return Number.isFinite(bound) ? bound : undefined;
  const [least, greatest] = integerRange(type.dtype);
  const stored = type.quantization && Number.isFinite(bound) ? storedNumber(type, bound) : Math.trunc(bound);
  return stored > least && stored < greatest ? stored : undefined;
}

function parameters(node: Node) {
  const { dtype, quantization } = node.outputs[0].type;
  return { dtype, scale: quantization!.scale, zeroPoint: quantization!.zeroPoint, axis: -1, rounding: "away" };
}
