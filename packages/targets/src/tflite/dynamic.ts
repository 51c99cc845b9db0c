import type { BuiltinOperatorName } from "@millrace/formats/tflite";
import { cumulativeSum, mean, pad } from "@millrace/ops";
import type { Lowering } from "./lowering.ts";
import { paddingValue } from "./shapes.ts";

export function reduction(builtin: BuiltinOperatorName): Lowering {
  return (node) => ({
    builtin,
    operands: node.inputs,
    options: { kind: "ReducerOptions", keepDims: mean.attributesOf(node).keepDims },
  });
}

export const lowerCumulativeSum: Lowering = (node) => {
  const { exclusive, reverse } = cumulativeSum.attributesOf(node);
  return {
    builtin: "CUMSUM",
    operands: node.inputs,
    options: { kind: "CumsumOptions", exclusive: exclusive, reverse: reverse },
  };
};

export const lowerPad: Lowering = (node) => {
  const { mode, value } = pad.attributesOf(node);
  const { inputs } = node;
  if (mode !== "constant") {
    const mirrored = mode === "reflect" ? "REFLECT" : "SYMMETRIC";
    return { builtin: "MIRROR_PAD", operands: inputs, options: { kind: "MirrorPadOptions", mode: mirrored } };
  }
  return value === 0
    ? { builtin: "PAD", operands: inputs }
    : { builtin: "PADV2", operands: [...inputs, paddingValue(inputs[0]!, value)] };
};

export const lowerSlice: Lowering = ({ inputs }) => ({
  builtin: "STRIDED_SLICE",
  operands: inputs,
  options: { kind: "StridedSliceOptions" },
});
