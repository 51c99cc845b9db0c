import type { Node, Value } from "@millrace/ir";
import { affineOf, broadcastOffsets } from "@millrace/runtime";
import { arrayForElements } from "../commands/elements.ts";
import { fill } from "../commands/fill.ts";
import type { DotProductArray } from "../machine.ts";
import { packedPositions } from "../weights.ts";
import { asOneRow, emitWithWeights, onePixel } from "./emit-convolution.ts";
import { firstOf, type Lowering, type Place, placeBehind, type Writer } from "./lowering.ts";
import { mostElements, movesOf, type PlacedBlock, placedBlocks } from "./movement.ts";
import { scalingFieldsOf } from "./scaling.ts";
import { elementBytesOf, elementsOf, refuseNumbers, sizesOf } from "./shared-rules.ts";

/** More products of matrices would be too many commands. */
const mostMatrices = 1024;

/** The matrices of a product, and how far each of both factors' lies behind their first, in matrices. */
interface Matrices {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly offsets: readonly [Int32Array, Int32Array];
}

function matricesOf({ inputs, outputs, attributes }: Node): Matrices {
  const [left, right, result] = [...(inputs as Value[]), ...outputs].map(sizesOf);
  const [rows, columns] = result.slice(-2);
  const depth = left.at(attributes.transposeA ? -2 : -1)!;
  const batch = (sizes: readonly number[]) => sizes.slice(0, -2);
  const [first, second] = broadcastOffsets(batch(result), [batch(left), batch(right)]);
  return { rows, columns, depth, offsets: [first, second] };
}

/**
 * Numbers that add up to the second factor's zero point, negative: the array takes weights without one, so that the products of the first factor with
 * these are added to those with the stored integers.
 */
function correctionOf(node: Node): readonly number[] {
  const { zeroPoint } = affineOf(node.inputs[1], node);
  if (zeroPoint === 0) return [];
  return zeroPoint === -128 ? [127, 1] : [-zeroPoint];
}

/** Elements of one matrix of the first factor, row by row, once and once more for each correction; undefined if that moves too many pieces. */
function rowBlocks(node: Node, times: number): readonly PlacedBlock[] | undefined {
  const { rows, depth } = matricesOf(node);
  const { transposeA } = node.attributes;
  const positions = Int32Array.from({ length: rows * depth * times }, (_, at) => {
    const [row, element] = [Math.floor(at / (depth * times)), at % depth];
    return transposeA ? element * rows + row : row * depth + element;
  });
  return placedBlocks(positions);
}

/** Where the blocks of weights come from: the second factor, the numbers of its correction behind that, and nothing. */
interface WeightBlocks {
  readonly factor: readonly PlacedBlock[];
  readonly correction: readonly PlacedBlock[];
  readonly bytes: number;
}

function weightBlocks(node: Node, corrections: number, array: DotProductArray): WeightBlocks | undefined {
  const { columns, depth } = matricesOf(node);
  const length = depth * (1 + corrections);
  const behind = columns * depth + 1;
  const packed = packedPositions({ kernelHeight: 1, kernelWidth: 1, depth: length }, columns, array);
  const positions = packed.map((weight) => {
    if (weight < 0) return -1;
    const [column, element] = [Math.floor(weight / length), weight % length];
    if (element >= depth) return behind + element - depth;
    return node.attributes.transposeB ? column * depth + element : element * columns + column;
  });
  const blocks = placedBlocks(positions, (position) => position >= behind);
  if (blocks === undefined) return undefined;
  const isCorrection = ({ first }: PlacedBlock) => first >= behind;
  return {
    factor: blocks.filter((block) => block.first >= 0 && !isCorrection(block)),
    correction: blocks.filter(isCorrection).map((block) => ({ ...block, first: block.first - behind })),
    bytes: packed.length,
  };
}

/** A product of two matrices, or several, the second of which become blocks of weights while the program runs. */
export const factorProduct: Lowering = {
  refuse(node, machine) {
    const { dtype, quantization } = node.inputs[1]!.type;
    const refusal = refuseNumbers(node, machine);
    if (refusal) return refusal;
    const { rows, columns, depth, offsets } = matricesOf(node);
    const rule = firstOf(
      [dtype !== "i8", "its second factor is not int8; the array has weights of 8 bits"],
      [
        quantization === undefined || quantization.axis !== undefined,
        "its second factor has no scale for the whole tensor",
      ],
      [offsets[0].length > mostMatrices, `it multiplies ${offsets[0].length} matrices`],
      [3 * depth * Math.max(rows, columns) > mostElements, "it multiplies too many numbers"],
    );
    if (rule) return rule;
    const corrections = correctionOf(node).length;
    const array = arrayForElements(machine.array, elementBytesOf(node.inputs[0]!));
    const blocks = [rowBlocks(node, 1 + corrections), weightBlocks(node, corrections, array)];
    return firstOf([blocks.includes(undefined), "its factors would have to be moved in too many pieces"]);
  },
  write(node, writer) {
    const [a, b] = node.inputs as [Value, Value];
    const { rows, columns, depth, offsets } = matricesOf(node);
    const { elementBytes, resultBytes } = elementsOf(node);
    const corrections = correctionOf(node);
    const arranged = arranging(node, writer, 1 + corrections.length);
    const packed = packing(node, writer, corrections);
    const scaling = scalingFieldsOf(node, { channels: columns, kind: "legacy" }, writer);
    for (let at = 0; at < offsets[0].length; at++) {
      const left = placeBehind(writer.placeOf(a), offsets[0][at] * rows * depth * elementBytes);
      const right = placeBehind(writer.placeOf(b), offsets[1][at] * columns * depth);
      const window = {
        ...onePixel,
        ...asOneRow(rows),
        ...elementsOf(node),
        input: arranged(left),
        output: placeBehind(writer.placeOf(node.outputs[0]), at * rows * columns * resultBytes),
        depth: depth * (1 + corrections.length),
        channels: columns,
        count: columns,
        inputZero: affineOf(a, node).zeroPoint,
      };
      emitWithWeights(writer, window, scaling, (array) => packed(right, array));
    }
  },
};

/** Puts the rows of a matrix of the first factor one after the other, each so many times. */
function arranging(node: Node, writer: Writer, times: number): (matrix: Place) => Place {
  if (times === 1 && !node.attributes.transposeA) return (matrix) => matrix;
  const { rows, depth } = matricesOf(node);
  const bytes = elementBytesOf(node.inputs[0]!);
  const move = movesOf(writer, { first: 0, count: rows * depth }, rowBlocks(node, times)!, bytes);
  return (matrix) => {
    const place = writer.scratch(rows * depth * times * bytes);
    move(matrix, place);
    return place;
  };
}

/** Makes blocks of weights of a matrix of the second factor and its corrections, always for the same array. */
function packing(
  node: Node,
  writer: Writer,
  corrections: readonly number[],
): (matrix: Place, array: DotProductArray) => Place {
  const { columns, depth } = matricesOf(node);
  const numbers = Int8Array.from(corrections.flatMap((correction) => new Array<number>(depth).fill(correction)));
  const behind = writer.constant(numbers);
  const prepare = (array: DotProductArray) => {
    const { factor, correction, bytes } = weightBlocks(node, corrections.length, array)!;
    const fromFactor = movesOf(writer, { first: 0, count: columns * depth }, factor);
    const fromBehind = correction.length > 0 && movesOf(writer, { first: 0, count: numbers.length }, correction);
    return { fromFactor, fromBehind, bytes };
  };
  let prepared: ReturnType<typeof prepare> | undefined;
  return (matrix, array) => {
    prepared ??= prepare(array);
    const { fromFactor, fromBehind, bytes } = prepared;
    const place = writer.scratch(bytes);
    writer.emit(fill, { output: place, length: bytes, resultBytes: 1, value: 0 });
    fromFactor(matrix, place);
    if (fromBehind) fromBehind(behind, place);
    return place;
  };
}
