import { allocate, bitsOf, type DType } from "@millrace/ir";
import {
  type Affine,
  affineOf,
  type IntegerData,
  integersOf,
  type KernelFactory,
  quantizedTypes,
  resultOf,
} from "./kernel.ts";

/** A function of every integer of a type of at most 16 bits, least first. */
export function tabulate({ minimum, maximum }: Affine, dtype: DType, apply: (stored: number) => number): IntegerData {
  const table = allocate(dtype, maximum - minimum + 1) as IntegerData;
  for (let stored = minimum; stored <= maximum; stored++) table[stored - minimum] = apply(stored);
  return table;
}

/** Prepares a kernel that replaces every stored integer on its own; `prepare` gives the function for one node. */
export function elementwise(
  prepare: (...parameters: [...Parameters<KernelFactory>, Affine, Affine]) => (stored: number) => number,
  dtypes = quantizedTypes,
): KernelFactory {
  return (node, context) => {
    const [input, output] = [affineOf(node.inputs[0], node, dtypes), affineOf(node.outputs[0], node, dtypes)];
    const apply = prepare(node, context, input, output);
    const table = bitsOf(input.dtype) <= 16 ? tabulate(input, output.dtype, apply) : undefined;
    return ([x], [type]) => {
      const source = integersOf(x);
      const { tensor, data } = resultOf(type);
      if (table === undefined) for (let at = 0; at < data.length; at++) data[at] = apply(source[at]);
      else for (let at = 0; at < data.length; at++) data[at] = table[source[at] - input.minimum];
      return [tensor];
    };
  };
}
