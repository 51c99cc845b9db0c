import { type DType, fromNumbers, integerRange } from "@millrace/ir";
import { dequantize, quantize } from "@millrace/ops";
import { scalarTypeOf } from "./edge-program.ts";
import { tensorsOf } from "./elementwise.ts";
import type { EdgeEmitter, EdgeLowering } from "./emitter.ts";

interface Parameters {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  readonly axis?: number | undefined;
}

/** Which of the operators it is and its arguments behind the tensor, up to the range of the stored integers. */
function parametersOf(emit: EdgeEmitter, dtype: DType, { scale, zeroPoint, axis }: Parameters) {
  const [least, greatest] = integerRange(dtype);
  const range = [least, greatest, scalarTypeOf(dtype)];
  if (axis === undefined) return { each: "tensor", operands: [scale[0], zeroPoint[0], ...range] };
  const scales = emit.constant("scales", fromNumbers("f64", [scale.length], scale));
  const zeros = emit.constant("zero_points", fromNumbers("i64", [scale.length], zeroPoint));
  return { each: "channel", operands: [scales, zeros, axis, ...range] };
}

/** ExecuTorch rounds halves to even. */
export const lowerQuantize: EdgeLowering = (node, emit, outputs) => {
  const { dtype, scale, zeroPoint, axis } = quantize.attributesOf(node);
  const parameters = { scale, zeroPoint, axis: axis < 0 ? undefined : axis };
  const { each, operands } = parametersOf(emit, dtype, parameters);
  const operator = `quantized_decomposed.quantize_per_${each}.default`;
  emit.call(operator, [...tensorsOf(node, emit), ...operands], outputs);
};

export const lowerDequantize: EdgeLowering = (node, emit, outputs) => {
  const { dtype, quantization } = dequantize.inputsOf(node).x.type;
  const { each, operands } = parametersOf(emit, dtype, quantization!);
  const operator = `quantized_decomposed.dequantize_per_${each}.default`;
  emit.call(operator, [...tensorsOf(node, emit), ...operands], outputs);
};
