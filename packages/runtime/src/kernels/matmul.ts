import { allocate, elementCount, type Node, type Tensor, type Value } from "@millrace/ir";
import { transposeTensor } from "@millrace/ops";
import { broadcastOffsets } from "./broadcast.ts";
import { type Finish, integerFinish, realFinish } from "./finish.ts";
import { affineOf, type IntegerData, type Kernel, type KernelContext, type KernelFactory } from "./kernel.ts";
import { arrangeProducts } from "./products.ts";
import { multiplyRows } from "./rows.ts";
import { centered, centeredCopy } from "./scratch.ts";
import { largestOf } from "./weights.ts";

function exchanged(tensor: Tensor): Tensor {
  const rank = tensor.shape.length;
  const permutation = tensor.shape.map((_, axis) => axis);
  return transposeTensor(tensor, [...permutation.slice(0, -2), rank - 1, rank - 2]);
}

/** Matrix products with each matrix of b arranged as rows of weights: its columns. */
function matmul(
  node: Node,
  context: KernelContext,
  finishOf: (columns: number) => Finish,
  zeroPoints: readonly [number, number],
): Kernel {
  const { transposeA, transposeB } = node.attributes;
  const largest = largestOf(node.inputs[0] as Value);
  return ([a, b], [output]) => {
    const left = transposeA ? exchanged(a!) : a!;
    const right = transposeB ? b! : exchanged(b!);
    const shape = output.shape as readonly number[];
    const [rows, columns] = shape.slice(-2);
    const depth = left.shape[left.shape.length - 1];
    const result = allocate(output.dtype, elementCount(shape));
    const finish = finishOf(columns);
    const source = centered(context.scratch, left, zeroPoints[0], depth);
    const values = right.data as IntegerData;
    const offsets = broadcastOffsets(shape.slice(0, -2), [left.shape.slice(0, -2), right.shape.slice(0, -2)]);
    for (let batch = 0; batch < offsets[0].length; batch++) {
      const start = offsets[1][batch] * columns * depth;
      const weights = centeredCopy(values.subarray(start, start + columns * depth), zeroPoints[1]);
      const products = arrangeProducts(weights, columns, depth, largest);
      multiplyRows(source, offsets[0][batch] * rows * depth, rows, products, finish, result, batch * rows * columns);
    }
    return [{ dtype: output.dtype, shape, data: result }];
  };
}

/** Matrix product of stored integers. */
export const integerMatmul: KernelFactory = (node, context) => {
  const [a, b] = node.inputs.map((value) => affineOf(value, node));
  const finishOf = (channels: number) => integerFinish(node, { channels, kind: "legacy" }, context)(undefined);
  return matmul(node, context, finishOf, [a.zeroPoint, b.zeroPoint]);
};

/** Matrix product of float32 values, summed in double precision. */
export const realMatmul: KernelFactory = (node, context) =>
  matmul(node, context, (columns) => realFinish(node, columns)(undefined), [0, 0]);
