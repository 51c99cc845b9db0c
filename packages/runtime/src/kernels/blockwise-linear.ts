import { allocate, elementCount, type Node, type Quantization, type Tensor, type Value } from "@millrace/ir";
import { type Activation, activationRanges } from "@millrace/ops";
import { fromValue } from "./constant.ts";
import { type Finish, offsetsOf } from "./finish.ts";
import { type EntrySteps, quantizeEntry } from "./hybrid.ts";
import type { Kernel, KernelContext } from "./kernel.ts";
import { arrangeProducts, type Products } from "./products.ts";
import { multiplyRows } from "./rows.ts";
import type { Scratch } from "./scratch.ts";

const single = Math.fround;

/** The greatest size of a byte less its zero point. */
const largestByte = 255;

/** Neighbouring columns of the weights, with a scale for each row and the sum of each row's integers. */
interface Block {
  readonly products: Products;
  readonly scales: readonly number[];
  readonly sums: Float64Array;
}

/** Weights by blocks, and for each row the reals of its integers summed up. */
interface Blocks {
  readonly blocks: readonly Block[];
  readonly totals: Float32Array;
}

function arrangeBlocks({ data, shape: [rows, depth] }: Tensor, { scale, block }: Quantization): Blocks {
  const size = block!;
  const count = depth / size;
  const totals = new Float32Array(rows);
  const blocks = Array.from({ length: count }, (_, index) => {
    const weights = new Float64Array(rows * size);
    const sums = new Float64Array(rows);
    const scales = Array.from(sums, (_, row) => scale[row * count + index]);
    for (let row = 0; row < rows; row++) {
      weights.set(
        (data as Int8Array).subarray(row * depth + index * size, row * depth + (index + 1) * size),
        row * size,
      );
      for (let at = row * size; at < (row + 1) * size; at++) sums[row] += weights[at];
      totals[row] += single(scales[row] * sums[row]);
    }
    return { products: arrangeProducts(weights, rows, size, largestByte), scales, sums };
  });
  return { blocks, totals };
}

/** Rows of reals as whole steps from zero: the first block of all rows, then the second, and so on, with room for one row more. */
function quantizeRows({ data }: Tensor, depth: number, block: number, scratch: Scratch) {
  const rows = data.length / depth || 0;
  const unsorted = data.length + block;
  const source = scratch.take(unsorted + data.length);
  const steps = Array.from({ length: rows }, (_, row) => {
    const start = unsorted + row * depth;
    const entry = (data as Float32Array).subarray(row * depth, (row + 1) * depth);
    const found = quantizeEntry(entry, source, start, "asymmetric");
    for (let from = 0; from < depth; from += block)
      source.copyWithin(from * rows + row * block, start + from, start + from + block);
    return found;
  });
  return { source, steps };
}

/** Adds one block's sums, of bytes that still have their zero point, to the rows of a result. */
function addBlock({ scales, sums: weightSums }: Block, rows: number, steps: readonly EntrySteps[]): Finish {
  return (sums, from, target, at, first, count) => {
    const { zeroPoint } = steps[at / rows];
    for (let index = 0; index < count; index++) {
      const row = first + index;
      const stored = sums[from + index] + zeroPoint * weightSums[row];
      (target as Float32Array)[at + index] += single(stored * scales[row]);
    }
  };
}

/**
 * Fully connected layer on reals whose weights have scales for blocks of each row. Each row of the data is stored in 255 steps while the model
 * runs; the blocks' sums are scaled and added in float32, in the order of TensorFlow Lite's EvalBlockwise4Bit.
 */
export function blockwiseLinear(node: Node, { scratch }: KernelContext): Kernel {
  const [, weights, bias] = node.inputs as [Value, Value, Value | undefined];
  const { quantization, shape } = weights.type;
  const [rows, depth] = shape as readonly number[];
  const [low, high] = activationRanges[node.attributes.activation as Activation];
  const arranged = fromValue(weights, (tensor) => arrangeBlocks(tensor!, quantization!));
  const shifts = fromValue(bias, (tensor) => offsetsOf(tensor, rows));
  return ([data, filter, offsets], [output]) => {
    const { blocks, totals } = arranged(filter);
    const { source, steps } = quantizeRows(data!, depth, quantization!.block!, scratch);
    const result = allocate("f32", elementCount(output.shape as readonly number[])) as Float32Array;
    for (const [index, block] of blocks.entries()) {
      const from = index * steps.length * quantization!.block!;
      multiplyRows(source, from, steps.length, block.products, addBlock(block, rows, steps), result, 0);
    }
    const shift = shifts(offsets);
    for (let at = 0; at < result.length; at++) {
      const [row, { scale, zeroPoint }] = [at % rows, steps[Math.floor(at / rows)]];
      const scaled = single(single(result[at] - single(zeroPoint * totals[row])) * scale);
      result[at] = Math.min(high, Math.max(low, single(scaled + shift[row])));
    }
    return [{ dtype: "f32", shape: output.shape as readonly number[], data: result }];
  };
}
