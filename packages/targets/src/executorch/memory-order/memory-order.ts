import type { Shape } from "@millrace/ir";
import type { EdgeTensor } from "../edge-program.ts";

/** Axes of images with their channels innermost, as ExecuTorch's kernels know it beside the order of the axes themselves. */
export const channelsLast: readonly number[] = [0, 2, 3, 1];

/** A tensor's axes from the outermost in memory to the innermost. */
export function dimOrderOf({ shape, dimOrder }: Pick<EdgeTensor, "shape" | "dimOrder">): readonly number[] {
  return dimOrder ?? shape.map((_, axis) => axis);
}

/** Whether elements stand in memory in one order of axes as in another; axes of size 1 may stand anywhere. */
export function isSameOrder(shape: Shape, order: readonly number[], other: readonly number[]): boolean {
  const long = (axes: readonly number[]) => axes.filter((axis) => shape[axis] !== 1);
  return String(long(order)) === String(long(other));
}
