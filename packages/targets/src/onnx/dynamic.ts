import { fromNumbers, type Node } from "@millrace/ir";
import { cumulativeSum, mean, pad } from "@millrace/ops";
import { dataTypeCodes, type OnnxEmitter, type OnnxLowering } from "./emitter.ts";

/** The parameters behind x, as int64. */
function parametersOf({ inputs }: Node, emit: OnnxEmitter): readonly string[] {
  return inputs.slice(1).map((value) => {
    const name = emit.read(value);
    return value?.type.dtype === "i64" ? name : emit.node("Cast", [name], { to: dataTypeCodes.i64 });
  });
}

export function lowerReduction(opType: string): OnnxLowering {
  return (node, emit, outputs) => {
    const { keepDims } = mean.attributesOf(node);
    const [axes] = parametersOf(node, emit);
    const vector = emit.node("Reshape", [axes, emit.integers("shape", [-1])]);
    emit.node(opType, [emit.read(node.inputs[0]), vector], { keepdims: Number(keepDims) }, outputs);
  };
}

export const lowerCumulativeSum: OnnxLowering = (node, emit, outputs) => {
  const { exclusive, reverse } = cumulativeSum.attributesOf(node);
  const inputs = [emit.read(node.inputs[0]), ...parametersOf(node, emit)];
  emit.node("CumSum", inputs, { exclusive: Number(exclusive), reverse: Number(reverse) }, outputs);
};

/** ONNX lists all counts before, then all behind. */
export const lowerPad: OnnxLowering = (node, emit, outputs) => {
  const { mode, value } = pad.attributesOf(node);
  const [counts] = parametersOf(node, emit);
  const { x } = pad.inputsOf(node);
  const turned = emit.node("Transpose", [counts], { perm: [1, 0] });
  const pads = emit.node("Reshape", [turned, emit.integers("shape", [-1])]);
  const fill = mode === "constant" ? [emit.constant("fill", fromNumbers(x.type.dtype, [], [value]))] : [];
  emit.node("Pad", [emit.read(x), pads, ...fill], { mode: mode }, outputs);
};

export const lowerSlice: OnnxLowering = (node, emit, outputs) => {
  const [begins, ends, steps] = parametersOf(node, emit);
  const axes = emit.integers("axes", [...node.inputs[0]!.type.shape.keys()]);
  emit.node("Slice", [emit.read(node.inputs[0]), begins, ends, axes, steps], {}, outputs);
};
