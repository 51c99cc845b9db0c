import { isFloat, type Node } from "@millrace/ir";
import { clamp, elu, gelu, leakyRelu } from "@millrace/ops";
import type { EdgeEmitter, EdgeLowering } from "./emitter.ts";

/** One operator of the same inputs and meaning. */
export function renamed(operator: string): EdgeLowering {
  return (node, emit, outputs) => emit.call(operator, tensorsOf(node, emit), outputs);
}

/** Inputs of a node that are all there. */
export function tensorsOf({ inputs }: Node, emit: EdgeEmitter) {
  return inputs.map((value) => emit.read(value!));
}

export const lowerSquare: EdgeLowering = (node, emit, outputs) => {
  const [x] = tensorsOf(node, emit);
  emit.call("aten.mul.Tensor", [x, x], outputs);
};

export const lowerClamp: EdgeLowering = (node, emit, outputs) => {
  const { minimum, maximum } = clamp.attributesOf(node);
  const [x] = tensorsOf(node, emit);
  if (minimum === 0 && maximum === Number.POSITIVE_INFINITY) return emit.call("aten.relu.default", [x], outputs);
  const bound = (number: number) => (Number.isFinite(number) ? number : null);
  if (bound(minimum) === null && bound(maximum) === null) return emit.call("aten.clone.default", [x], outputs);
  emit.call("aten.clamp.default", [x, bound(minimum), bound(maximum)], outputs);
};

export const lowerLeakyRelu: EdgeLowering = (node, emit, outputs) =>
  emit.call("aten.leaky_relu.default", [...tensorsOf(node, emit), leakyRelu.attributesOf(node).alpha], outputs);

export const lowerElu: EdgeLowering = (node, emit, outputs) =>
  emit.call("aten.elu.default", [...tensorsOf(node, emit), elu.attributesOf(node).alpha], outputs);

export const lowerGelu: EdgeLowering = (node, emit, outputs) => {
  const approximate = gelu.attributesOf(node).approximate ? "tanh" : "none";
  emit.call("aten.gelu.default", tensorsOf(node, emit), outputs, { approximate });
};

/** Integers are divided towards zero. */
export const lowerDivision: EdgeLowering = (node, emit, outputs) => {
  const factors = tensorsOf(node, emit);
  if (isFloat(node.outputs[0].type.dtype)) return emit.call("aten.div.Tensor", factors, outputs);
  emit.call("aten.div.Tensor_mode", factors, outputs, { rounding_mode: "trunc" });
};

export const lowerFloorDivision: EdgeLowering = (node, emit, outputs) =>
  emit.call("aten.div.Tensor_mode", tensorsOf(node, emit), outputs, { rounding_mode: "floor" });

/** ExecuTorch's remainder of integers has the sign of the dividend, unlike PyTorch's: it is what the rounded quotient leaves. */
export const lowerFloorRemainder: EdgeLowering = (node, emit, outputs) => {
  const [a, b] = tensorsOf(node, emit);
  const [result] = outputs;
  if (isFloat(result.dtype)) return emit.call("aten.remainder.Tensor", [a, b], outputs);
  const quotient = emit.step("aten.div.Tensor_mode", [a, b], result, { rounding_mode: "floor" });
  const whole = emit.step("aten.mul.Tensor", [quotient, b], result);
  emit.call("aten.sub.Tensor", [a, whole], outputs);
};

export const lowerCast: EdgeLowering = (node, emit, outputs) => emit.convert(tensorsOf(node, emit)[0], outputs[0]);
