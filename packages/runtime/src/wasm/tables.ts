import { storageBytes, type Value, viewBytes } from "@millrace/ir";
import type { Affine, IntegerData } from "../kernels/kernel.ts";
import type { Command } from "./commands.ts";
import { isByte } from "./convolution.ts";
import type { FastKernelFactory, FastNode } from "./kernel.ts";
import type { Layout } from "./layout.ts";

/** The bytes that the reference kernel makes of all bytes. */
function tabulate({ node, kernel }: FastNode, x: Value): Uint8Array {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const inputs = [viewBytes(x.type.dtype, [256], bytes)];
  const [result] = kernel(inputs, [{ ...node.outputs[0].type, shape: [256] }], node.attributes);
  const { buffer, byteOffset, byteLength } = result.data;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Results of stored integers, least first, as results of bytes. */
export function byBytes(table: IntegerData, { minimum }: Affine): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => table[(byte - minimum) & 255]);
}

/** Writes the module's `LookUp`. */
export function placeLookUp(layout: Layout, source: number, table: Uint8Array, target: number, count: number): Command {
  const parameters = layout.constant(Int32Array.of(source, layout.constant(table), target, count));
  return { operation: "lookUp", parameters };
}

/** Operators that replace every 8-bit element on its own, by bytes or words of 32 bits: by a table that the reference kernel fills. */
export const fastElementwise: FastKernelFactory = (fast) => {
  const { node, typeOf } = fast;
  const [x] = node.inputs;
  const [y] = node.outputs;
  const width = storageBytes(y.type.dtype);
  if (!isByte(x) || (width !== 1 && width !== 4)) return undefined;
  if ([x, y].some(({ type }) => type.quantization?.axis !== undefined)) return undefined;
  const count = typeOf(y).shape.reduce((product, size) => product * size, 1);
  return {
    reads: [x],
    scratch: 0,
    place(layout) {
      const table = tabulate(fast, x);
      const command = placeLookUp(layout, layout.addressOf(x), table, layout.addressOf(y), count);
      return [width === 1 ? command : { ...command, operation: "lookUpWords" }];
    },
  };
};
