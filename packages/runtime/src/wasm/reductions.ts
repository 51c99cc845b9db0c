import { elementCount, integerRange } from "@millrace/ir";
import { affineOf } from "../kernels/kernel.ts";
import type { PrepareSum } from "../kernels/reduction.ts";
import { isByte } from "./convolution.ts";
import type { FastKernelFactory } from "./kernel.ts";
import { placeScaling } from "./parameters.ts";
import { poolFields } from "./pooling.ts";
import { sumScaling } from "./sums.ts";

/** Sizes before, along and after reduced axes that follow one another; undefined if others lie between them. */
function threeAxes(shape: readonly number[], axes: readonly number[]): readonly [number, number, number] | undefined {
  const reduced = shape.flatMap((size, axis) => (size > 1 && axes.includes(axis) ? [axis] : []));
  const first = reduced[0] ?? 0;
  const end = reduced.length === 0 ? 0 : reduced[reduced.length - 1] + 1;
  if (shape.slice(first, end).some((size, at) => size > 1 && !axes.includes(first + at))) return undefined;
  return [elementCount(shape.slice(0, first)), elementCount(shape.slice(first, end)), elementCount(shape.slice(end))];
}

/** Sums of 8-bit data along neighbouring axes that are scaled by a multiplier. */
export function fastSum(prepare: PrepareSum): FastKernelFactory {
  return ({ node, context, typeOf }) => {
    const [x] = node.inputs;
    const [y] = node.outputs;
    if (!isByte(x) || !isByte(y)) return undefined;
    const sizes = threeAxes(typeOf(x).shape, node.attributes.axes as readonly number[]);
    if (sizes === undefined) return undefined;
    const [outer, count, inner] = sizes;
    const parts = prepare(node, context, count);
    if (parts === undefined || count > 2 ** 22) return undefined;
    const { zeroPoint } = affineOf(x, node);
    const [minimum, maximum] = integerRange(x.type.dtype);
    const reach = [(minimum - zeroPoint) * count, (maximum - zeroPoint) * count] as const;
    const scaling = sumScaling(parts, context, { reach, count: outer * inner, dtype: y.type.dtype });
    const start = -zeroPoint * count;
    return {
      reads: [x],
      scratch: 4 * (outer * inner + 8),
      place(layout) {
        const unsigned = Number(x.type.dtype === "u8");
        const fields = [layout.addressOf(x), layout.addressOf(y), outer, count, inner, unsigned, start];
        const placed = Int32Array.of(...fields, placeScaling(layout, scaling, y.type.dtype), layout.scratch);
        return [{ operation: "sumLines", parameters: layout.constant(placed) }];
      },
    };
  };
}

/** The greatest or least of 8-bit data along neighbouring axes, as of a pool's windows. */
export function fastExtreme(operation: "greatestPool" | "leastPool"): FastKernelFactory {
  return ({ node, typeOf }) => {
    const [x] = node.inputs;
    const [y] = node.outputs;
    if (!isByte(x) || !isByte(y)) return undefined;
    const sizes = threeAxes(typeOf(x).shape, node.attributes.axes as readonly number[]);
    if (sizes === undefined) return undefined;
    const [outer, count, inner] = sizes;
    const window = { kernel: [count, 1], stride: [1, 1], dilation: [1, 1], padding: [0, 0, 0, 0] };
    const clamp = integerRange(x.type.dtype);
    const pool = { from: [outer, count, 1, inner], to: [outer, 1, 1, inner], window, clamp };
    return {
      reads: [x],
      scratch: 0,
      place: (layout) => [{ operation, parameters: layout.constant(Int32Array.from(poolFields(layout, x, y, pool))) }],
    };
  };
}
