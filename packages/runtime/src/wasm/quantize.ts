import { elementCount } from "@millrace/ir";
import { affineOf } from "../kernels/kernel.ts";
import { isByte } from "./convolution.ts";
import type { FastKernelFactory } from "./kernel.ts";
import { fastElementwise } from "./tables.ts";

/** Bytes for reals in float32, or for other bytes by a table. */
export const fastQuantize: FastKernelFactory = (fast) => {
  const { node, typeOf } = fast;
  const [x] = node.inputs;
  const [y] = node.outputs;
  if (x?.type.dtype !== "f32") return fastElementwise(fast);
  const { scale, axis, rounding } = node.attributes as { scale: readonly number[]; axis: number; rounding: string };
  if (!isByte(y) || axis !== -1) return undefined;
  const { zeroPoint, minimum, maximum } = affineOf(y, node);
  return {
    reads: [x],
    scratch: 0,
    place(layout) {
      const fields = [layout.addressOf(x), layout.addressOf(y), elementCount(typeOf(y).shape), 0, zeroPoint];
      const data = Int32Array.of(...fields, minimum, maximum, Number(rounding === "even"));
      new Float32Array(data.buffer)[3] = scale[0];
      return [{ operation: "quantize", parameters: layout.constant(data) }];
    },
  };
};
