import { type Node, numbersOf, type Operator, type Value } from "@millrace/ir";
import { add, clamp, concat, linear, mul, sigmoid, slice, split, tanh } from "@millrace/ops";
import { partsOf, type SequenceSlice, sequenceSliceOf } from "./sequence-slice.ts";
import { behindUnitAxes, rowShape, sameRows, withoutUnitAxes } from "./unit-axes.ts";

/** What a gate gets of some data: their product with the rows from `row` and the columns from `column` of a matrix of constants. */
export interface Term {
  readonly input: Value | SequenceSlice;
  readonly width: number;
  readonly weights: Value;
  readonly row: number;
  readonly column: number;
}

/** What enters a gate before its function. */
export interface Gate {
  readonly terms: readonly Term[];
  /** Constants, of whose last axis the elements from `at` on are added. */
  readonly biases: readonly { readonly value: Value; readonly at: number }[];
}

/** One step of a long short-term memory; what starts from a cell state of zero may lack it and the gate that forgets it. */
export interface LstmStep {
  readonly units: number;
  readonly input: Gate;
  readonly forget: Gate | undefined;
  readonly cell: Gate;
  readonly output: Gate;
  readonly clip: number;
  /** Cell state before. */
  readonly before: Value | undefined;
  /** Cell and hidden state after: [batch, units], maybe under axes of size 1 as the state before. */
  readonly next: Value;
  readonly hidden: Value;
}

/** Sums of more terms than this are not those of a gate. */
const mostTerms = 8;

/** The step whose new cell state [batch, units], maybe under axes of size 1, goes through this tanh; undefined if it is not one. */
export function lstmStepAt(node: Node): LstmStep | undefined {
  const next = node.inputs[0]!;
  const { shape } = next.type;
  const [use, ...others] = node.outputs[0].uses;
  const units = rowShape(shape)?.[1];
  if (use === undefined || others.length > 0 || !isPlain(use.user, mul)) return undefined;
  if (typeof units !== "number" || !sameRows(use.user.outputs[0].type.shape, shape)) return undefined;
  const output = gateOf(use.user.inputs[1 - use.index]!, sigmoid, units);
  const { total, clip } = unclipped(next);
  const parts = isPlain(total, add) ? total.inputs.map((value) => value?.producer) : [total];
  for (const [taken, kept] of [parts, parts.toReversed()]) {
    const pair = gatesOf(taken, units);
    const memory = parts.length === 1 ? {} : memoryOf(kept, units, next);
    if (output && pair && memory)
      return {
        units,
        ...pair,
        output,
        clip,
        forget: memory.forget,
        before: memory.before,
        next,
        hidden: use.user.outputs[0],
      };
  }
  return undefined;
}

function isPlain(node: Node | undefined, op: Operator): node is Node {
  return node?.op === op && node.attributes["activation"] === "none";
}

function unclipped({ producer }: Value): { readonly total: Node | undefined; readonly clip: number } {
  if (producer?.op !== clamp) return { total: producer, clip: 0 };
  const { minimum, maximum } = clamp.attributesOf(producer);
  if (minimum !== -maximum || !(maximum > 0)) return { total: undefined, clip: 0 };
  return { total: producer.inputs[0]!.producer, clip: maximum };
}

/** input · cell, in either order. */
function gatesOf(product: Node | undefined, units: number): { readonly input: Gate; readonly cell: Gate } | undefined {
  if (!isPlain(product, mul)) return undefined;
  const operands = product.inputs as readonly Value[];
  for (const [a, b] of [operands, operands.toReversed()]) {
    const [input, cell] = [gateOf(a, sigmoid, units), gateOf(b, tanh, units)];
    if (input && cell) return { input, cell };
  }
  return undefined;
}

/** forget · the cell state before, in either order. */
function memoryOf(product: Node | undefined, units: number, next: Value): Partial<LstmStep> | undefined {
  if (!isPlain(product, mul)) return undefined;
  const operands = product.inputs as readonly Value[];
  for (const [a, before] of [operands, operands.toReversed()]) {
    const forget = gateOf(a, sigmoid, units);
    if (forget && sameRows(before.type.shape, next.type.shape)) return { forget, before: withoutUnitAxes(before) };
  }
  return undefined;
}

/** What enters `value` = activation(part of sums), where the part may be taken before or after. */
function gateOf(value: Value, activation: Operator, units: number): Gate | undefined {
  if (value.type.shape.at(-1) !== units) return undefined;
  let [current, at, isActive] = [value, 0, false];
  for (let node = current.producer; node; node = current.producer) {
    const start = sequenceSliceOf(current) ? undefined : startOf(node, current);
    if (node.op === activation && !isActive) isActive = true;
    else if (start !== undefined) at += start;
    else if (!behindUnitAxes(current)) break;
    current = node.inputs[0]!;
  }
  return isActive ? sumOf(current, at) : undefined;
}

/** Where a part of the last axis starts; undefined if the value is none. */
function startOf(node: Node, value: Value): number | undefined {
  const last = value.type.shape.length - 1;
  if (node.op === split) {
    const { axis, index, starts } = partsOf(node);
    return axis === last ? starts[index.get(value)!] : undefined;
  }
  if (node.op !== slice) return undefined;
  const { starts, sizes, steps } = slice.attributesOf(node);
  const { shape } = node.inputs[0]!.type;
  const isPart = steps[last] === 1 && sizes.every((size, axis) => axis === last || size === shape[axis]);
  const start = starts[last];
  return isPart && typeof start === "number" ? start : undefined;
}

function sumOf(sums: Value, at: number): Gate | undefined {
  const terms: Term[] = [];
  const biases: { value: Value; at: number }[] = [];
  const pending = [sums];
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (terms.length + biases.length + pending.length > mostTerms) return undefined;
    const step = value.producer?.op === linear ? undefined : sequenceSliceOf(value);
    const producer = step ? step.sequence.producer : value.producer;
    const source = step ? undefined : behindUnitAxes(value);
    if (source) pending.push(source);
    else if (value.constant) biases.push({ value, at });
    else if (isPlain(producer, add) && !step) pending.push(...(producer.inputs as readonly Value[]));
    else if (isPlain(producer, linear)) {
      const { x, weights, bias } = linear.inputsOf(producer);
      if (weights.constant?.dtype !== "f32" || (bias && !bias.constant)) return undefined;
      if (bias) biases.push({ value: bias, at });
      terms.push(...termsOf(step ? { ...step, sequence: x } : withoutUnitAxes(x), weights, at));
    } else return undefined;
  }
  return { terms, biases };
}

/** The product with data, or with each of the data that stand side by side. */
function termsOf(input: Value | SequenceSlice, weights: Value, row: number): readonly Term[] {
  const whole = { input, width: weights.type.shape[1] as number, weights, row, column: 0 };
  if ("sequence" in input || input.producer?.op !== concat) return [whole];
  if (concat.attributesOf(input.producer).axis !== input.type.shape.length - 1) return [whole];
  let column = 0;
  return (input.producer.inputs as readonly Value[]).map((part) => {
    const width = part.type.shape.at(-1) as number;
    column += width;
    return { input: withoutUnitAxes(part), width, weights, row, column: column - width };
  });
}

/** The sums of a gate's constants, one for each unit; undefined if they differ along the batch. */
export function biasOf({ biases }: Gate, units: number): Float64Array | undefined {
  const sums = new Float64Array(units);
  for (const { value, at } of biases) {
    const numbers = numbersOf(value.constant!);
    const size = value.type.shape.at(-1) as number | undefined;
    if (size === undefined || (size > 1 && at + units > size)) return undefined;
    for (let start = size; start < numbers.length; start++)
      if (numbers[start] !== numbers[start % size]) return undefined;
    for (let unit = 0; unit < units; unit++) sums[unit] += numbers[size === 1 ? 0 : at + unit];
  }
  return sums;
}
