import { sameShape, type Tensor, tensorOf, type Value } from "@millrace/ir";
import type { Affine, IntegerData } from "../kernels/kernel.ts";
import type { Command } from "./commands.ts";
import { isByte } from "./convolution.ts";
import type { FastKernelFactory, FastNode } from "./kernel.ts";
import type { Layout } from "./layout.ts";

/** Every byte as an element of a value's type, `times` in a row and then all over again. */
function everyByte(value: Value, count: number, times: number): Tensor {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at++) bytes[at] = Math.floor(at / times);
  return tensorOf(value.type.dtype, [count], value.type.dtype === "i8" ? new Int8Array(bytes.buffer) : bytes);
}

/** The bytes that the reference kernel makes of all bytes, or pairs of them. */
function tabulate({ node, kernel }: FastNode, inputs: readonly Tensor[]): Uint8Array {
  const [result] = kernel(inputs, [{ ...node.outputs[0].type, shape: inputs[0].shape }], node.attributes);
  const { buffer, byteOffset, byteLength } = result.data;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Results of stored integers, least first, as results of bytes. */
export function byBytes(table: IntegerData, { minimum }: Affine): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => table[(byte - minimum) & 255]);
}

/** Writes the module's `LookUp`. */
export function placeLookUp(layout: Layout, source: number, table: Uint8Array, target: number, count: number): Command {
  const parameters = layout.constant(Int32Array.of(source, layout.constant(table), target, count));
  return { operation: "lookUp", parameters };
}

/** Operators that replace every 8-bit element on its own: by a table that the reference kernel fills. */
export const fastElementwise: FastKernelFactory = (fast) => {
  const { node, typeOf } = fast;
  const [x] = node.inputs;
  const [y] = node.outputs;
  if (!isByte(x) || !isByte(y)) return undefined;
  const count = typeOf(y).shape.reduce((product, size) => product * size, 1);
  return {
    reads: [x],
    scratch: 0,
    place(layout) {
      const table = tabulate(fast, [everyByte(x, 256, 1)]);
      return [placeLookUp(layout, layout.addressOf(x), table, layout.addressOf(y), count)];
    },
  };
};

/** Operators on pairs of 8-bit elements of equal shapes: by a table that the reference kernel fills. */
export const fastPairwise: FastKernelFactory = (fast) => {
  const { node, typeOf } = fast;
  const [a, b] = node.inputs;
  const [y] = node.outputs;
  if (!isByte(a) || !isByte(b) || !isByte(y)) return undefined;
  const { shape } = typeOf(y);
  if (!sameShape(typeOf(a).shape, shape) || !sameShape(typeOf(b).shape, shape)) return undefined;
  const count = shape.reduce((product, size) => product * size, 1);
  if (count < 1024) return undefined;
  return {
    reads: [a, b],
    scratch: 0,
    place(layout) {
      const table = layout.constant(tabulate(fast, [everyByte(a, 65536, 256), everyByte(b, 65536, 1)]));
      const [first, second, target] = [a, b, y].map((value) => layout.addressOf(value));
      const parameters = layout.constant(Int32Array.of(first, second, table, target, count));
      return [{ operation: "lookUpPair", parameters }];
    },
  };
};
