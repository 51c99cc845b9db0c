import type { Value } from "@millrace/ir";
import { activationClamp, affineOf } from "../kernels/kernel.ts";
import type { Window } from "../kernels/window.ts";
import { isByte } from "./convolution.ts";
import type { FastKernelFactory, FastNode } from "./kernel.ts";
import type { Layout } from "./layout.ts";

/** A pool's window over data [batches, height, width, channels], and the stored integers that results are clamped to. */
export interface Pool {
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly window: Window;
  readonly clamp: readonly [number, number];
}

function poolOf({ node, typeOf }: FastNode, x: Value, y: Value): Pool {
  const { dilation = [1, 1], ...rest } = node.attributes as unknown as Partial<Window>;
  const window = { ...rest, dilation } as Window;
  return { from: typeOf(x).shape, to: typeOf(y).shape, window, clamp: activationClamp(affineOf(y, node), node) };
}

/** What the module's `Pool` begins with. */
export function poolFields(layout: Layout, x: Value, y: Value, { from, to, window, clamp }: Pool): readonly number[] {
  const { kernel, stride, dilation, padding } = window;
  const unsigned = Number(x.type.dtype === "u8");
  const sizes = [...from, to[1], to[2], ...kernel, ...stride, ...dilation, padding[0], padding[1]];
  return [layout.addressOf(x), layout.addressOf(y), ...sizes, unsigned, ...clamp];
}

/** Average pooling of 8-bit data whose windows never lie in the padding altogether. */
export const fastAveragePool: FastKernelFactory = (fast) => {
  const { node } = fast;
  const [x] = node.inputs;
  const [y] = node.outputs;
  if (!isByte(x) || !isByte(y) || node.attributes.layout !== "last") return undefined;
  const pool = poolOf(fast, x, y);
  const { kernel, stride, padding } = pool.window;
  const [, height, width, channels] = pool.from;
  const reaches = (axis: number) =>
    padding[axis] >= 0 &&
    padding[axis] < kernel[axis] &&
    (pool.to[axis + 1] - 1) * stride[axis] - padding[axis] < pool.from[axis + 1];
  if (!reaches(0) || !reaches(1) || height * width > 2 ** 20) return undefined;
  const padded = [Number(node.attributes.countPadding), affineOf(x, node).zeroPoint];
  return {
    reads: [x],
    scratch: 4 * channels,
    place(layout) {
      const fields = [...poolFields(layout, x, y, pool), ...padded, layout.scratch];
      return [{ operation: "averagePool", parameters: layout.constant(Int32Array.from(fields)) }];
    },
  };
};

/** Maximum pooling of 8-bit data. */
export const fastMaxPool: FastKernelFactory = (fast) => {
  const { node } = fast;
  const [x] = node.inputs;
  const [y] = node.outputs;
  if (!isByte(x) || !isByte(y) || node.attributes.layout !== "last") return undefined;
  const pool = poolOf(fast, x, y);
  return {
    reads: [x],
    scratch: 0,
    place(layout) {
      const parameters = layout.constant(Int32Array.from(poolFields(layout, x, y, pool)));
      return [{ operation: "greatestPool", parameters }];
    },
  };
};
