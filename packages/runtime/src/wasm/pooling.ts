import { activationClamp, affineOf } from "../kernels/kernel.ts";
import { isByte } from "./convolution.ts";
import type { FastKernelFactory } from "./kernel.ts";

interface Pool {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly number[];
  readonly countPadding: boolean;
  readonly layout: string;
}

/** Average pooling of 8-bit data whose windows never lie in the padding altogether. */
export const fastAveragePool: FastKernelFactory = ({ node, typeOf }) => {
  const [x] = node.inputs;
  const [y] = node.outputs;
  const { kernel, stride, padding, countPadding, layout: order } = node.attributes as unknown as Pool;
  if (!isByte(x) || !isByte(y) || order !== "last") return undefined;
  const [batches, height, width, channels] = typeOf(x).shape;
  const [, outHeight, outWidth] = typeOf(y).shape;
  const reaches = (axis: number, size: number, out: number) =>
    padding[axis] >= 0 && padding[axis] < kernel[axis] && (out - 1) * stride[axis] - padding[axis] < size;
  if (!reaches(0, height, outHeight) || !reaches(1, width, outWidth) || height * width > 2 ** 20) return undefined;
  const { zeroPoint } = affineOf(x, node);
  const clamp = activationClamp(affineOf(y, node), node);
  const unsigned = Number(x.type.dtype === "u8");
  return {
    reads: [x],
    scratch: 4 * channels,
    place(layout) {
      const parameters = layout.constant(
        Int32Array.of(
          ...[layout.addressOf(x), layout.addressOf(y), batches, height, width, channels, outHeight, outWidth],
          ...[kernel[0], kernel[1], stride[0], stride[1], padding[0], padding[1], Number(countPadding)],
          ...[zeroPoint, unsigned, ...clamp, layout.scratch],
        ),
      );
      return [{ operation: "averagePool", parameters }];
    },
  };
};
