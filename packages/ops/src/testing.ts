import { type Attributes, type Dimension, type DType, Graph, type Quantization, type Value } from "@millrace/ir";

/** A node to be: inputs are f32 where only a shape is given. */
export interface Case {
  readonly op: string;
  readonly inputs: readonly (readonly Dimension[] | Typed | undefined)[];
  readonly attributes?: Attributes;
}
interface Typed {
  readonly dtype: DType;
  readonly shape: readonly Dimension[];
  readonly quantization?: Quantization;
}

export function valuesOf(inputs: Case["inputs"]): (Value | undefined)[] {
  const graph = new Graph("inputs");
  return inputs.map((input) => {
    if (input === undefined) return undefined;
    return graph.addInput("x", "dtype" in input ? input : { dtype: "f32", shape: input });
  });
}
