import { writeCustomOptions } from "@millrace/formats/tflite";
import type { DType } from "@millrace/ir";
import type { Lowering } from "./lowering.ts";

/** Numbers of element types, which TensorFlow adds to some options. */
const typeNumbers: Readonly<Partial<Record<DType, number>>> = { f32: 0, i32: 2, i16: 7 };

/** A custom operator whose options are the node's attributes; `states` are the operands and results that runtimes keep by themselves. */
export function custom(
  code: string,
  states: { readonly operands: number; readonly first: number } = { operands: 0, first: 0 },
): Lowering {
  return ({ inputs, outputs, attributes }) => {
    const options = { ...(attributes as Readonly<Record<string, number | boolean>>) };
    const type = typeNumbers[inputs[0]!.type.dtype];
    return {
      builtin: "CUSTOM",
      custom: { code, options: writeCustomOptions(code, { ...options, ...(type !== undefined && { type }) }) },
      operands: inputs.slice(0, inputs.length - states.operands),
      results: outputs.toSpliced(states.first, states.operands),
    };
  };
}

/** The command stream is an operand; what its results are says the file. */
export const lowerNpuProgram: Lowering = ({ inputs }) => ({
  builtin: "CUSTOM",
  custom: { code: "MillraceNpu", options: writeCustomOptions("MillraceNpu", {}) },
  operands: inputs,
});
