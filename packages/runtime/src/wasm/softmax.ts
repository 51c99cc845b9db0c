import { elementCount } from "@millrace/ir";
import { affineOf } from "../kernels/kernel.ts";
import { softmaxPowers } from "../kernels/softmax.ts";
import { isByte } from "./convolution.ts";
import type { FastKernelFactory } from "./kernel.ts";

/** Longer lines' sums of exponentials might leave 32 bits. */
const longest = 4095;

/** Softmax of 8-bit data to 8 bits. */
export const fastSoftmax: FastKernelFactory = ({ node, context, typeOf }) => {
  const [x] = node.inputs;
  const [y] = node.outputs;
  const axis = node.attributes.axis as number;
  const { shape } = typeOf(x);
  if (!isByte(x) || y.type.dtype !== x.type.dtype || shape[axis] > longest) return undefined;
  const { minimum, maximum } = affineOf(y, node);
  const sizes = [elementCount(shape.slice(0, axis)), shape[axis], elementCount(shape.slice(axis + 1))];
  const unsigned = Number(x.type.dtype === "u8");
  return {
    reads: [x],
    scratch: 0,
    place(layout) {
      const powers = layout.constant(softmaxPowers(node, context));
      const fields = [layout.addressOf(x), layout.addressOf(y), ...sizes, unsigned, minimum, maximum, powers];
      return [{ operation: "softmax", parameters: layout.constant(Int32Array.from(fields)) }];
    },
  };
};
