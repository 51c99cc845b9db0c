import { type DType, elementCount, isFloat, type Value } from "@millrace/ir";
import { requantizing } from "@millrace/runtime";
import { emitTable } from "./elementwise.ts";
import { firstOf, type Lowering } from "./lowering.ts";
import { quantizingReals } from "./reals.ts";
import { refuseParameters, sizesOf } from "./shared-rules.ts";
import { rescaledWords } from "./words.ts";

const types: readonly DType[] = ["i8", "u8", "i16"];

/** Reals to integers, and stored integers to other parameters or another type: bytes by table, words by multiplier. */
export const quantizing: Lowering = {
  moves: true,
  refuse(node, machine) {
    const { array } = machine;
    const values = [node.inputs[0], node.outputs[0]] as readonly Value[];
    const dtypes = values.map(({ type }) => type.dtype);
    const [zero] = values[0].type.quantization?.zeroPoint ?? [0];
    const isOfWords = dtypes[0] === "i16";
    if (isFloat(dtypes[0])) return quantizingReals.refuse(node, machine);
    return (
      firstOf(
        [dtypes.some((dtype) => !types.includes(dtype)), `it computes ${dtypes.join(" and ")}`],
        [dtypes.includes("i16") && array.wordLanes === 0, "it computes int16; the array takes int8"],
        [isOfWords && zero !== 0, "its int16 data have a zero point"],
        [isOfWords && node.attributes.rounding === "even", "it rounds halves to even"],
      ) ?? refuseParameters(node)
    );
  },
  write(node, writer) {
    const x = node.inputs[0]!;
    if (isFloat(x.type.dtype)) return quantizingReals.write(node, writer);
    if (x.type.dtype !== "i16") return emitTable(node, writer);
    rescaledWords(requantizing)(node, writer, { place: writer.placeOf(x), period: elementCount(sizesOf(x)) });
  },
};
