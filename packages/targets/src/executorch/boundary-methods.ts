import type { PteMethodDraft } from "@millrace/formats/pte";
import { type Graph, givenInputs, integerRange, resultOutputs, type ValueType } from "@millrace/ir";
import { constantMethod } from "./constant-method.ts";
import { scalarTypeOf } from "./edge-program.ts";

/**
 * Methods that tell what the stored integers of inputs and outputs stand for, a number each, as ExecuTorch's own pass for quantized inputs and
 * outputs adds them: `forward_input0_scale`, `_zp`, `_quant_min`, `_quant_max` and `_dtype`. Inputs and outputs of reals have none.
 */
export function boundaryMethods(graph: Graph): readonly PteMethodDraft[] {
  return [
    ...givenInputs(graph).flatMap(({ type }, index) => methodsOf(`forward_input${index}`, type)),
    ...resultOutputs(graph).flatMap(({ value }, index) => methodsOf(`forward_output${index}`, value.type)),
  ];
}

function methodsOf(name: string, { dtype, quantization }: ValueType): readonly PteMethodDraft[] {
  if (quantization?.scale.length !== 1) return [];
  const [least, greatest] = integerRange(dtype);
  const whole = { zp: quantization.zeroPoint[0], quant_min: least, quant_max: greatest, dtype: scalarTypeOf(dtype) };
  return [
    constantMethod(`${name}_scale`, { kind: "Double", doubleVal: quantization.scale[0] }),
    ...Object.entries(whole).map(([key, number]) =>
      constantMethod(`${name}_${key}`, { kind: "Int", intVal: BigInt(number) }),
    ),
  ];
}
