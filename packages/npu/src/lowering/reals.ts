import { elementCount, isStatic, type Node, type Value } from "@millrace/ir";
import { bitsOf, dequantize, quantize, roundings } from "../commands/quantize.ts";
import { firstOf, type Lowering, type Writer } from "./lowering.ts";
import { sizesOf } from "./shared-rules.ts";

/** Why a value of reals and one of integers can't be made of one another. */
function refuseReals(reals: Value, integers: Value): string | undefined {
  const { quantization, dtype } = integers.type;
  const [scale] = quantization?.scale ?? [];
  return firstOf(
    [reals.type.dtype !== "f32", `it computes ${reals.type.dtype}; the array takes float32`],
    [dtype !== "i8", `it computes ${dtype}; the array makes reals of int8 and int8 of reals`],
    [
      quantization?.scale.length !== 1 || quantization.axis !== undefined,
      "its data have no scale for the whole tensor",
    ],
    [scale !== undefined && Math.fround(scale) !== scale, "its scale is no number in float32"],
    [!isStatic(reals.type.shape), "the size of its data is open; state it with --shape or --dim"],
  );
}

/** Fields of a command that makes one value of another, with the scale and zero point of the integers. */
function fieldsOf({ inputs, outputs }: Node, integers: Value, { placeOf }: Writer) {
  const { scale, zeroPoint } = integers.type.quantization!;
  return {
    input: placeOf(inputs[0]!),
    output: placeOf(outputs[0]),
    length: elementCount(sizesOf(outputs[0])),
    scale: bitsOf(scale[0]),
    zero: zeroPoint[0],
  };
}

/** Integers that stand for reals. */
export const quantizingReals: Lowering = {
  refuse: (node, { features }) =>
    firstOf([!features.conversion, "the array takes no reals"]) ?? refuseReals(node.inputs[0]!, node.outputs[0]),
  write(node, writer) {
    const rounding = (roundings as readonly unknown[]).indexOf(node.attributes.rounding);
    writer.emit(quantize, { ...fieldsOf(node, node.outputs[0], writer), rounding });
  },
};

/** Reals that integers stand for. */
export const dequantizing: Lowering = {
  refuse: (node, { features }) =>
    firstOf([!features.conversion, "its result is real"]) ?? refuseReals(node.outputs[0], node.inputs[0]!),
  write(node, writer) {
    writer.emit(dequantize, fieldsOf(node, node.inputs[0]!, writer));
  },
};
