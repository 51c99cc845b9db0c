import { fromNumbers, type Node, numbersOf, type Operator, type Tensor, type Value } from "@millrace/ir";
import {
  abs,
  arithmeticOperators,
  cast,
  clamp,
  dequantize,
  neg,
  plainBinaryOperators,
  quantize,
  reduceMax,
  reduceMin,
  reshape,
  round,
  select,
} from "@millrace/ops";

/** Nodes that it may take to store rows in bytes and read them again. */
const mostNodes = 32;

const steps: ReadonlySet<Operator> = new Set<Operator>([
  ...Object.values(arithmeticOperators),
  ...Object.values(plainBinaryOperators),
  ...[abs, cast, clamp, dequantize, neg, quantize, reduceMax, reduceMin, reshape, round, select],
]);

/** Data that are stored in bytes while the model runs, and whether those are around zero. */
export interface RoundedRows {
  readonly data: Value;
  readonly kind: "asymmetric" | "symmetric";
}

/**
 * What `value` holds after it was stored in bytes between the least and the greatest of each row, or of all, and made real again; undefined
 * where it is anything else. It is found by what the nodes in between make of a few numbers, however they are written.
 */
export function roundedRows(value: Value): RoundedRows | undefined {
  const source = measured(value);
  for (const data of [source, source?.producer?.inputs[0]]) {
    const nodes = data && nodesFrom(data, value);
    const result = nodes?.length ? resultOf(nodes, data!, value) : undefined;
    const kind = result && kindOf(result);
    if (kind) return { data: data!, kind };
  }
  return undefined;
}

/** Whose greatest number takes part in a value. */
function measured(value: Value): Value | undefined {
  const queue = [value];
  const seen = new Set(queue);
  for (const { producer } of queue) {
    if (producer?.op === reduceMax) return producer.inputs[0];
    if (producer === undefined || !steps.has(producer.op) || seen.size > 2 * mostNodes) continue;
    for (const input of producer.inputs) {
      if (input === undefined || seen.has(input)) continue;
      seen.add(input);
      queue.push(input);
    }
  }
  return undefined;
}

/** The nodes that make a value out of data and constants alone, in order; none where others take part. */
function nodesFrom(data: Value, value: Value): readonly Node[] {
  const found = new Set<Node>();
  let visits = 0;
  const isReached = (part: Value | undefined): boolean => {
    if (part === undefined) return false;
    if (part === data || part.constant || (part.producer && found.has(part.producer))) return true;
    const { producer } = part;
    if (producer === undefined || !steps.has(producer.op) || ++visits > mostNodes) return false;
    const isMade = producer.inputs.every(isReached);
    found.add(producer);
    return isMade;
  };
  return isReached(value) ? [...found] : [];
}

/** Numbers of two rows, none of which lies in the middle of two bytes in any way to store them. */
const numbers = [-0.61, 0.13, 2.77, 1.93, -1.31, 0.42, 0.07, 2.21, 0.29, -0.023, 0.31, 0.17, -0.11, 0.263, 0.049, 0.19];
const columns = numbers.length / 2;

/** The numbers in the rank of `data`, one row if it has no more. */
function pointsFor({ type: { shape } }: Value): Tensor | undefined {
  const outer = shape.slice(0, -1).findIndex((size) => size !== 1);
  if (shape.length === 0) return undefined;
  const sizes = shape.map((_, axis) => (axis === shape.length - 1 ? columns : axis === outer ? 2 : 1));
  return fromNumbers("f32", sizes, outer < 0 ? numbers.slice(0, columns) : numbers);
}

/** What the nodes make of the points in the place of `data`. */
function resultOf(nodes: readonly Node[], data: Value, value: Value): ArrayLike<number> | undefined {
  const points = pointsFor(data);
  if (points === undefined) return undefined;
  const known = new Map<Value, Value>([[data, standIn(points)]]);
  for (const { op, inputs, attributes, outputs } of nodes) {
    const operands = inputs.map((input) => known.get(input!) ?? input!);
    if (op.check(operands, attributes).length > 0) return undefined;
    const types = op.infer(operands, attributes);
    const results = op.evaluate!(
      operands.map(({ constant }) => constant!),
      attributes,
      types,
      operands.map(({ type }) => type),
    );
    for (const [index, output] of outputs.entries())
      known.set(output, { ...standIn(results[index]), type: types[index] });
  }
  const result = known.get(value)?.constant;
  return result && result.data.length === points.data.length ? numbersOf(result) : undefined;
}

function standIn(constant: Tensor): Value {
  return { name: "", type: { dtype: constant.dtype, shape: constant.shape }, constant, uses: new Set() };
}

/** How far the steps of two ways to compute are apart. */
const tolerance = 1e-4;

interface Storage {
  readonly kind: RoundedRows["kind"];
  /** The step between bytes for the least and the greatest number, both with zero between them. */
  readonly step: (low: number, high: number) => number;
}

const storages: readonly Storage[] = [
  { kind: "asymmetric", step: (low, high) => (high - low) / 255 },
  { kind: "symmetric", step: (low, high) => Math.max(-low, high) / 127 },
  { kind: "symmetric", step: (low, high) => Math.max(-low, high) / 127.5 },
];

/** How the points were stored, by row or all together. */
function kindOf(result: ArrayLike<number>): RoundedRows["kind"] | undefined {
  const given = numbers.slice(0, result.length);
  const rows = [given.slice(0, columns), given.slice(columns)];
  const fits = ({ step }: Storage, parts: readonly (readonly number[])[]) =>
    parts.flatMap((part) => rounded(part, step)).every((wanted, at) => Math.abs(wanted - result[at]) < tolerance);
  return storages.find((storage) => fits(storage, rows) || fits(storage, [given]))?.kind;
}

function rounded(part: readonly number[], stepOf: Storage["step"]): readonly number[] {
  const step = stepOf(Math.min(0, ...part), Math.max(0, ...part));
  return part.map((number) => step * Math.round(number / step));
}
