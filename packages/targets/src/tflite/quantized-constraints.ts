import {
  bitsOf,
  type DType,
  fromNumbers,
  isFloat,
  type Node,
  numbersOf,
  sameQuantization,
  type Value,
  type ValueType,
} from "@millrace/ir";
import * as ops from "@millrace/ops";
import { blockSizes, fewestBlockedRows } from "@millrace/passes";
import type { Constraint } from "./constraints.ts";

const isQuantized = ({ outputs }: Node) => outputs.some(({ type }) => type.quantization);

const quantizeAgain = "Quantize the model again for this target.";

/** The values of a node that its rule lets share one quantization. */
function sharing(node: Node): readonly Value[] {
  const { quantization: rule, inputs: slots } = node.op;
  if (rule.kind !== "same") return [];
  const named = node.inputs.filter((_, index) => rule.inputs.includes(slots[Math.min(index, slots.length - 1)].name));
  const results = node.outputs.filter(({ type }) => type.dtype === node.outputs[0].type.dtype);
  return [...named.filter((value) => value !== undefined), ...results];
}

/** Operators that no model is quantized to here, though files have them on integers. */
const integerForms: readonly Node["op"][] = [
  ops.div,
  ops.select,
  ops.shiftedAdd,
  ops.shiftedSub,
  ops.svdf,
  ops.lstm,
  ops.ifOperator,
  ops.whileOperator,
];

/** Operators whose real data may meet weights of a type. */
const dynamicForms: Readonly<Partial<Record<DType, readonly Node["op"][]>>> = {
  i8: [ops.conv2d, ops.linear, ops.asymmetricLinear],
  i4: [ops.asymmetricLinear],
};

/**
 * What integer data have to keep to. Kernels that rescale by themselves, such as those of clamps and of unsigned
 * bytes that are joined, are asked for nothing.
 */
export const quantizationConstraints: readonly Constraint[] = [
  {
    sentence: (node) => `its result is not quantized: ${(node.op.quantization as { readonly why?: string }).why}`,
    hint: "Keep this layer in float.",
    holds: (node) => node.op.quantization.kind !== "float" || integerForms.includes(node.op) || !isQuantized(node),
  },
  {
    sentence: "its quantized data are int8, uint8 or int16 with one scale for all",
    hint: quantizeAgain,
    holds: ({ op, outputs }) =>
      outputs.every(({ type: { dtype, quantization } }) => {
        if (quantization === undefined) return true;
        return ["i8", "u8", "i16"].includes(dtype) && (quantization.axis === undefined || op === ops.quantize);
      }),
  },
  {
    sentence: "it gives its data on with the quantization they came with",
    hint: quantizeAgain,
    holds(node) {
      if (node.op === ops.concat && node.outputs[0].type.dtype === "u8") return true;
      const [first, ...others] = isQuantized(node) ? sharing(node) : [];
      return others.every(({ type }) => sameQuantization(type.quantization, first.type.quantization));
    },
  },
  {
    sentence: (node) => {
      const { scale, zeroPoint } = fixedParameters(node)!;
      return `its result has the scale ${scale} and the zero point ${zeroPoint}`;
    },
    hint: quantizeAgain,
    holds(node) {
      const expected = fixedParameters(node);
      const actual = node.outputs[0]?.type.quantization;
      if (expected === undefined || actual === undefined) return true;
      return actual.scale[0] === Math.fround(expected.scale) && actual.zeroPoint[0] === expected.zeroPoint;
    },
  },
  {
    operators: [ops.conv2d, ops.transposeConv2d, ops.linear, ops.asymmetricLinear, ops.matmul],
    sentence: "data and weights are both floats or both integers, or floats and int8, or int4 in an asymmetric layer",
    hint: "Quantize the layer's data and weights together.",
    holds({ op, inputs: [x, weights], outputs: [y] }) {
      const real = isFloat(x!.type.dtype) && isFloat(y.type.dtype);
      if (real && dynamicForms[weights!.type.dtype]?.includes(op)) return true;
      const whole = [x, weights, y].map((value) => !isFloat(value!.type.dtype));
      return whole.every((item) => item === whole[0]);
    },
  },
  {
    operators: [ops.conv2d, ops.transposeConv2d, ops.linear],
    sentence: "weights of int8 and int16 data have zero points of 0 and one scale, or one for each result channel",
    hint: quantizeAgain,
    holds({ inputs: [x, weights] }) {
      const quantization = weights?.type.quantization;
      if (!quantization || x?.type.dtype === "u8") return true;
      return quantization.zeroPoint.every((zero) => zero === 0) && (quantization.axis ?? 0) === 0;
    },
  },
  {
    sentence: `its blocks of weights are int4 in at least ${fewestBlockedRows} rows, of ${blockSizes.join(", ")} each, with zero points of 0 and scales of half precision`,
    hint: "Quantize the layer with one scale for each row.",
    holds({ op, inputs }) {
      const blocked = inputs.filter((value) => value?.type.quantization?.block !== undefined);
      return blocked.every((value) => op === ops.asymmetricLinear && hasBlocks(value!.type));
    },
  },
  {
    operators: [ops.conv2d, ops.transposeConv2d, ops.linear],
    sentence: "the bias of int8 data is int32, and that of int16 data int32 or int64",
    hint: quantizeAgain,
    holds({ inputs: [x, , bias] }) {
      if (!bias || !x?.type.quantization) return true;
      return bias.type.dtype === "i32" || (x.type.dtype === "i16" && bias.type.dtype === "i64");
    },
  },
];

function hasBlocks({ dtype, shape, quantization }: ValueType): boolean {
  const { scale, zeroPoint, block } = quantization!;
  const halves = numbersOf(fromNumbers("f16", [scale.length], scale));
  return (
    dtype === "i4" &&
    (shape[0] as number) >= fewestBlockedRows &&
    blockSizes.some((size) => size === block) &&
    zeroPoint.every((zero) => zero === 0) &&
    scale.every((step, index) => step > 0 && step === halves[index])
  );
}

/** What the operator's rule says about its result; nothing where that has other bits than the data. */
function fixedParameters({
  op,
  inputs,
  outputs,
}: Node): { readonly scale: number; readonly zeroPoint: number } | undefined {
  const [before, after] = [inputs[0], outputs[0]].map((value) => value?.type.dtype);
  if (op.quantization.kind !== "fixed" || !before || !after || isFloat(after)) return undefined;
  if (bitsOf(before) !== bitsOf(after)) return undefined;
  const { scale, zeroPoint } = op.quantization.parameters(bitsOf(after) === 16 ? 16 : 8);
  return { scale, zeroPoint: after === "u8" ? zeroPoint + 128 : zeroPoint };
}
