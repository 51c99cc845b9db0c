import { elementCount, fromNumbers, numbersOf, type Tensor, type Value } from "@millrace/ir";
import { linear } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { plain } from "./elementwise.ts";

/** Sizes of weights that are stored in blocks of `block` numbers along the depth, each number in `bits` bits. */
interface Blocks {
  readonly columns: number;
  readonly depth: number;
  readonly bits: number;
  readonly block: number;
  /** Blocks of one column. */
  readonly count: number;
}

function blocksOf(node: SourceNode): Blocks {
  const { attributes } = node;
  const [columns, depth] = [attributes.integer("N"), attributes.integer("K")];
  const [bits, block] = [attributes.integer("bits", 4), attributes.integer("block_size")];
  attributes.ignore("accuracy_level", "weight_prepacked");
  if (![2, 4, 8].includes(bits)) node.unsupported(`bits is ${bits}`, "Store the weights in 2, 4 or 8 bits.");
  if (!(columns > 0 && depth > 0 && block >= 8 && (block & (block - 1)) === 0))
    node.invalid(`N is ${columns}, K is ${depth} and block_size is ${block}`);
  return { columns, depth, bits, block, count: Math.ceil(depth / block) };
}

/** Number `index` of those that lie in bytes from `start` on, the first in the lowest bits. */
function unpacked(bytes: ArrayLike<number>, start: number, index: number, bits: number): number {
  const each = 8 / bits;
  return (bytes[start + Math.floor(index / each)] >> ((index % each) * bits)) & (2 ** bits - 1);
}

/** One zero point for each block: packed like the weights, column by column, or numbers of their own. */
function zeroPointOf(zeros: Tensor | undefined, { bits, count }: Blocks): (column: number, at: number) => number {
  if (zeros === undefined) return () => 2 ** (bits - 1);
  const numbers = numbersOf(zeros);
  if (zeros.dtype !== "u8") return (column, at) => numbers[column * count + at];
  const row = Math.ceil((count * bits) / 8);
  return (column, at) => unpacked(numbers, column * row, at, bits);
}

/** The weights as reals, one row for each column of the matrix. */
function realWeights(node: SourceNode, blocks: Blocks): Value {
  const { columns, depth, bits, block, count } = blocks;
  node.reserve(4 * columns * depth);
  const bytes = numbersOf(node.tensor(1));
  const scales = numbersOf(node.tensor(2));
  const zeros = node.has(3) ? node.tensor(3) : undefined;
  const size = (block * bits) / 8;
  const expected = zeros?.dtype === "u8" ? columns * Math.ceil((count * bits) / 8) : columns * count;
  if (bytes.length !== columns * count * size || scales.length !== columns * count)
    node.invalid(
      `it has ${bytes.length} bytes of weights and ${scales.length} scales for ${columns} columns of ${depth}`,
    );
  if (zeros && elementCount(zeros.shape) !== expected)
    node.invalid(`it has ${elementCount(zeros.shape)} zero points, and not ${expected}`);
  const zeroPoint = zeroPointOf(zeros, blocks);
  const data = new Float32Array(columns * depth);
  for (let entry = 0; entry < columns * count; entry++) {
    const [column, at] = [Math.floor(entry / count), entry % count];
    const zero = zeroPoint(column, at);
    const from = at * block;
    for (let index = 0; index < Math.min(block, depth - from); index++)
      data[column * depth + from + index] = (unpacked(bytes, entry * size, index, bits) - zero) * scales[entry];
  }
  return node.constant(fromNumbers("f32", [columns, depth], data));
}

/** A fully connected layer whose weights are stored in blocks of few bits; they become reals when the model is read. */
function blockwiseProduct(node: SourceNode): Value {
  const blocks = blocksOf(node);
  if (node.has(4)) node.unsupported("it has a g_idx", "Quantize without reordering (desc_act false).");
  const weights = realWeights(node, blocks);
  return node.emit(linear, [node.input(0), weights, ...(node.has(5) ? [node.weights(5)] : [])], plain);
}

export const blockwise: Readonly<Record<string, Importer>> = { "com.microsoft.MatMulNBits": blockwiseProduct };
