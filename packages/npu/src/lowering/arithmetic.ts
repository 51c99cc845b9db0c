import { elementCount, isStatic, type Node, sameShape, type Value } from "@millrace/ir";
import {
  broadcastOffsets,
  type KernelContext,
  type PreparePair,
  type Rescaling,
  type ScaledPair,
} from "@millrace/runtime";
import { combinationNames, combine, meaningOfWords } from "../commands/combine.ts";
import { scalings } from "../commands/scaling.ts";
import { firstOf, type Lowering, type Place, type Writer } from "./lowering.ts";
import { mostElements, type PlacedBlock, placedBlocks, writeMoves } from "./movement.ts";
import { elementBytesOf, elementsOf, refuseNumbers, refuseValues, sizesOf } from "./shared-rules.ts";

/** Elements that begin again after so many. */
export interface Side {
  readonly place: Place;
  readonly period: number;
}

/** Why the two inputs of a node can't be combined. */
export function refusePair(node: Node): string | undefined {
  const values = node.inputs.slice(0, 2) as Value[];
  const shape = sizesOf(node.outputs[0]);
  const rule = firstOf(
    [values.some(({ type }) => type.dtype !== node.outputs[0].type.dtype), "its values are of different types"],
    [
      values.some(({ type }) => type.quantization === undefined || type.quantization.axis !== undefined),
      "one of its values has no scale for the whole tensor",
    ],
    [values.some(({ type }) => !isStatic(type.shape)), "the size of one of its values is open"],
    [elementCount(shape) > mostElements, "it computes too many numbers"],
  );
  const tooMany = () => values.some((value) => repeats(value, shape) === undefined);
  return rule ?? firstOf([tooMany(), "one of its values is repeated in too many pieces"]);
}

/** The moves that repeat a value along inner axes too, none where that is not asked for; undefined if there are too many. */
function repeats(value: Value, shape: readonly number[]): readonly PlacedBlock[] | undefined {
  if (periodOf(value, shape) !== undefined) return [];
  const [positions] = broadcastOffsets(shape, [sizesOf(value)]);
  return placedBlocks(positions);
}

/** A value that stands for one of a shape, repeated where it has to be. */
export function sideOf(value: Value, shape: readonly number[], writer: Writer): Side {
  const place = writer.placeOf(value);
  const period = periodOf(value, shape);
  if (period !== undefined) return { place, period };
  const length = elementCount(shape);
  const bytes = elementBytesOf(value);
  const repeated = writer.scratch(length * bytes);
  writeMoves(writer, { first: 0, count: elementCount(sizesOf(value)) }, place, repeated, repeats(value, shape)!, bytes);
  return { place: repeated, period: length };
}

/** What two sides stand for and how they are combined. */
export interface Combination extends Rescaling {
  readonly elementBytes: number;
  readonly resultBytes: number;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly combine: (typeof combinationNames)[number];
}

export function emitCombination(
  writer: Writer,
  [left, right]: readonly [Side, Side],
  output: Place,
  shape: readonly number[],
  parts: Combination,
): void {
  writer.emit(combine, {
    left: left.place,
    right: right.place,
    output,
    elementBytes: parts.elementBytes,
    resultBytes: parts.resultBytes,
    length: elementCount(shape),
    rows: elementCount(shape.slice(0, -2)),
    channels: shape.at(-1) ?? 1,
    leftPeriod: left.period,
    rightPeriod: right.period,
    leftTable: writer.constant(parts.left),
    rightTable: writer.constant(parts.right),
    combination: combinationNames.indexOf(parts.combine),
    rounding: scalings[writer.context.rounding],
    multiplier: parts.multiplier.value,
    shift: parts.multiplier.shift,
    outputZero: parts.zeroPoint,
    low: parts.low,
    high: parts.high,
  });
}

/** How words are combined that were scaled before. */
interface WordArithmetic {
  readonly combine: Combination["combine"];
  prepare(node: Node, context: KernelContext): ScaledPair;
}

/** Arithmetic on two values of bytes, or of words where it is told how. */
export function arithmetic(prepare: PreparePair, words?: WordArithmetic): Lowering {
  return {
    refuse: (node, machine) => (words ? refuseNumbers : refuseValues)(node, machine) ?? refusePair(node),
    write(node, writer) {
      const [a, b] = node.inputs as [Value, Value];
      const shape = sizesOf(node.outputs[0]);
      const sides = [sideOf(a, shape, writer), sideOf(b, shape, writer)] as const;
      const isWords = elementBytesOf(a) === 2 && words !== undefined;
      const parts = isWords ? wordParts(node, writer, words) : byteParts(node, writer, prepare);
      emitCombination(writer, sides, writer.placeOf(node.outputs[0]), shape, { ...parts, ...elementsOf(node) });
    },
  };
}

function byteParts(node: Node, { context }: Writer, prepare: PreparePair) {
  const { left, right, ...rest } = prepare(node, context);
  return { ...rest, left: Int32Array.from(left), right: Int32Array.from(right) };
}

function wordParts(node: Node, { context }: Writer, { combine, prepare }: WordArithmetic) {
  const { sides, ...rest } = prepare(node, context);
  const [left, right] = sides.map(meaningOfWords);
  return { ...rest, left, right, combine };
}

/** After how many elements a value begins again, if it is one that only misses axes ahead of its own. */
function periodOf(value: Value, shape: readonly number[]): number | undefined {
  const sizes = sizesOf(value);
  const own = sizes.slice(sizes.findIndex((size) => size !== 1));
  const count = elementCount(sizes);
  if (count === 1) return 1;
  return sameShape(own, shape.slice(shape.length - own.length)) ? count : undefined;
}
