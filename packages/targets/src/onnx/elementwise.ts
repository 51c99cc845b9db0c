import { isFloat, type Node, type Value } from "@millrace/ir";
import { type Activation, activationRanges, clamp, elu, gelu, leakyRelu } from "@millrace/ops";
import type { OnnxEmitter, OnnxLowering } from "./emitter.ts";

/** One ONNX operator of the same inputs and meaning. */
export function renamed(opType: string): OnnxLowering {
  return (node, emit, outputs) => {
    emit.node(
      opType,
      node.inputs.map((value) => emit.read(value)),
      {},
      outputs,
    );
  };
}

/** Adds a node, and the clamp of its fused activation if it has one. */
export function withActivation(node: Node, emit: OnnxEmitter, output: string, make: (name: string) => void): void {
  const activation = node.attributes["activation"] as Activation;
  const raw = activation === "none" ? output : emit.name(`${output}_linear`);
  make(raw);
  if (raw !== output) clampTo(emit, raw, activationRanges[activation], output);
}

function clampTo(emit: OnnxEmitter, x: string, [low, high]: readonly [number, number], output: string): void {
  if (low === 0 && high === Number.POSITIVE_INFINITY) emit.node("Relu", [x], {}, [output]);
  else emit.node("Clip", [x, bound(emit, low), bound(emit, high)], {}, [output]);
}

function bound(emit: OnnxEmitter, value: number): string {
  return Number.isFinite(value) ? emit.scalar("bound", value) : "";
}

/** Arithmetic with a fused activation. */
export function arithmetic(opType: string): OnnxLowering {
  return (node, emit, [output]) => {
    withActivation(node, emit, output, (name) =>
      emit.node(
        opType,
        node.inputs.map((value) => emit.read(value)),
        {},
        [name],
      ),
    );
  };
}

const x = (node: Node) => node.inputs[0] as Value;

export const lowerRsqrt: OnnxLowering = (node, emit, outputs) => {
  emit.node("Reciprocal", [emit.node("Sqrt", [emit.read(x(node))])], {}, outputs);
};

export const lowerSquare: OnnxLowering = (node, emit, outputs) => {
  emit.node("Mul", [emit.read(x(node)), emit.read(x(node))], {}, outputs);
};

export const lowerSquaredDifference: OnnxLowering = (node, emit, outputs) => {
  const difference = emit.node(
    "Sub",
    node.inputs.map((value) => emit.read(value)),
  );
  emit.node("Mul", [difference, difference], {}, outputs);
};

export const lowerNotEqual: OnnxLowering = (node, emit, outputs) => {
  emit.node(
    "Not",
    [
      emit.node(
        "Equal",
        node.inputs.map((value) => emit.read(value)),
      ),
    ],
    {},
    outputs,
  );
};

/** Of integers, ONNX's quotient is cut off and its remainder has the sign of the divisor. */
export const lowerFloorDiv: OnnxLowering = (node, emit, outputs) => {
  const [a, b] = node.inputs.map((value) => emit.read(value));
  if (isFloat(x(node).type.dtype)) emit.node("Floor", [emit.node("Div", [a, b])], {}, outputs);
  else emit.node("Div", [emit.node("Sub", [a, emit.node("Mod", [a, b])]), b], {}, outputs);
};

export const lowerFloorMod: OnnxLowering = (node, emit, outputs) => {
  const [a, b] = node.inputs.map((value) => emit.read(value));
  if (isFloat(x(node).type.dtype)) {
    const whole = emit.node("Mul", [b, emit.node("Floor", [emit.node("Div", [a, b])])]);
    emit.node("Sub", [a, whole], {}, outputs);
  } else emit.node("Mod", [a, b], {}, outputs);
};

export const lowerClamp: OnnxLowering = (node, emit, [output]) => {
  const { minimum, maximum } = clamp.attributesOf(node);
  clampTo(emit, emit.read(x(node)), [minimum, maximum], output);
};

export const lowerLeakyRelu: OnnxLowering = (node, emit, outputs) => {
  emit.node("LeakyRelu", [emit.read(x(node))], { alpha: { float: leakyRelu.attributesOf(node).alpha } }, outputs);
};

export const lowerElu: OnnxLowering = (node, emit, outputs) => {
  emit.node("Elu", [emit.read(x(node))], { alpha: { float: elu.attributesOf(node).alpha } }, outputs);
};

/** There is an operator of its own since opset 18 only. */
export const lowerMish: OnnxLowering = (node, emit, outputs) => {
  const input = emit.read(x(node));
  if (emit.opset >= 18) emit.node("Mish", [input], {}, outputs);
  else emit.node("Mul", [input, emit.node("Tanh", [emit.node("Softplus", [input])])], {}, outputs);
};

/** x/2 · (1 + erf(x/√2)), or x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³))). */
export const lowerGelu: OnnxLowering = (node, emit, outputs) => {
  const input = emit.read(x(node));
  const times = (name: string, factor: number) => emit.node("Mul", [name, emit.scalar("factor", factor)]);
  const inner = () => {
    if (!gelu.attributesOf(node).approximate) return emit.node("Erf", [times(input, Math.SQRT1_2)]);
    const cube = emit.node("Mul", [emit.node("Mul", [input, input]), input]);
    return emit.node("Tanh", [times(emit.node("Add", [input, times(cube, 0.044715)]), Math.sqrt(2 / Math.PI))]);
  };
  const gate = emit.node("Add", [inner(), emit.scalar("one", 1)]);
  emit.node("Mul", [times(input, 0.5), gate], {}, outputs);
};
