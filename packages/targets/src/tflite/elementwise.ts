import type { BuiltinOperatorName } from "@millrace/formats/tflite";
import {
  activationOfRange,
  type add,
  cast,
  clamp,
  gelu,
  leakyRelu,
  localResponseNormalization,
  softmax,
} from "@millrace/ops";
import { type StoredType, tensorTypeNames } from "./element-types.ts";
import { activationNames, type Lowering } from "./lowering.ts";

type ArithmeticKind = "AddOptions" | "SubOptions" | "MulOptions" | "DivOptions";

/** Arithmetic with a fused activation. 16-bit sums are not scaled by powers of two. */
export function arithmetic(builtin: BuiltinOperatorName, kind: ArithmeticKind, op: typeof add): Lowering {
  return (node) => {
    const fusedActivationFunction = activationNames[op.attributesOf(node).activation];
    const scaled = kind === "AddOptions" || kind === "SubOptions";
    const sixteen = node.outputs[0].type.dtype === "i16";
    const options = { kind, fusedActivationFunction, ...(scaled && sixteen && { potScaleInt16: false }) };
    return { builtin, operands: node.inputs, options };
  };
}

/** 16-bit sums that are scaled by powers of two. */
export function shiftedSum(builtin: BuiltinOperatorName, kind: "AddOptions" | "SubOptions"): Lowering {
  return ({ inputs }) => ({ builtin, operands: inputs, options: { kind, potScaleInt16: true } });
}

const rangeNames = { none: "RELU", relu: "RELU", relu6: "RELU6", reluN1To1: "RELU_N1_TO_1" } as const;

/** The builtin that is a clamp to this range, if there is one. */
export function clampName(minimum: number, maximum: number): BuiltinOperatorName | undefined {
  if (minimum === 0 && maximum === 1) return "RELU_0_TO_1";
  const activation = activationOfRange(minimum, maximum);
  return activation && activation !== "none" ? rangeNames[activation] : undefined;
}

export const lowerClamp: Lowering = (node) => {
  const { minimum, maximum } = clamp.attributesOf(node);
  return { builtin: clampName(minimum, maximum)!, operands: node.inputs };
};

export const lowerLeakyRelu: Lowering = (node) => ({
  builtin: "LEAKY_RELU",
  operands: node.inputs,
  options: { kind: "LeakyReluOptions", alpha: leakyRelu.attributesOf(node).alpha },
});

export const lowerGelu: Lowering = (node) => ({
  builtin: "GELU",
  operands: node.inputs,
  options: { kind: "GeluOptions", approximate: gelu.attributesOf(node).approximate },
});

export const lowerSoftmax: Lowering = (node) => ({
  builtin: "SOFTMAX",
  operands: node.inputs,
  options: { kind: "SoftmaxOptions", beta: softmax.attributesOf(node).beta },
});

export const lowerL2Normalize: Lowering = (node) => ({
  builtin: "L2_NORMALIZATION",
  operands: node.inputs,
  options: { kind: "L2NormOptions", fusedActivationFunction: "NONE" },
});

export const lowerLocalResponseNormalization: Lowering = (node) => {
  const { before, bias, alpha, beta } = localResponseNormalization.attributesOf(node);
  const options = { kind: "LocalResponseNormalizationOptions", radius: before, bias, alpha, beta } as const;
  return { builtin: "LOCAL_RESPONSE_NORMALIZATION", operands: node.inputs, options };
};

/** Half precision is widened by DEQUANTIZE, as the converters of float16 models write it. */
export const lowerCast: Lowering = (node) => {
  const { x } = cast.inputsOf(node);
  const { to } = cast.attributesOf(node);
  if (x.type.dtype === "f16" && to === "f32") return { builtin: "DEQUANTIZE", operands: [x] };
  const options = {
    kind: "CastOptions",
    inDataType: tensorTypeNames[x.type.dtype as StoredType],
    outDataType: tensorTypeNames[to as StoredType],
  } as const;
  return { builtin: "CAST", operands: [x], options };
};
