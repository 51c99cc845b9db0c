import { type Graph, type Node, numbersOf, type Operator, onlyUse, sameShape, type Value } from "@millrace/ir";
import { add, batchNorm, mul, sub } from "@millrace/ops";
import { realConstant, storedConstant } from "./quantization/real-constant.ts";
import { isRefusal, type Refusal, refuse } from "./rewrite.ts";

/** y = gain[c] · x + shift[c] for each index c of `axis`; without an axis one gain and one shift for all elements. */
export interface Scaling {
  readonly axis?: number;
  readonly gain: ArrayLike<number>;
  readonly shift: ArrayLike<number>;
}

/** A scaling that one node does. */
interface ScalingNode {
  readonly x: Value;
  readonly scaling: Scaling;
}

/** Nodes in a row, each but the last without activation and read by the next one only, and the scaling they are together. */
export interface ScalingRow {
  readonly nodes: readonly Node[];
  readonly scaling: Scaling;
}

/** Gain and shift of an operation with a constant, which stands first or second. */
type Operation = (constant: number, first: boolean) => readonly [number, number];

const operations: ReadonlyMap<Operator, Operation> = new Map<Operator, Operation>([
  [mul, (factor) => [factor, 0]],
  [add, (offset) => [1, offset]],
  [sub, (offset, first) => (first ? [-1, offset] : [1, -offset])],
]);

/** The operators whose nodes may be scalings. */
export const scalingOperators: readonly Operator[] = [batchNorm, ...operations.keys()];

/** What a node does if it is a scaling of float32 numbers by constants. */
export function scalingOf(node: Node): ScalingNode | Refusal | undefined {
  if (node.op === batchNorm) return normalizationOf(node);
  const operation = operations.get(node.op);
  if (operation === undefined || node.outputs[0].type.dtype !== "f32") return undefined;
  const { shape } = node.outputs[0].type;
  const at = node.inputs.findIndex((value) => value?.constant || storedConstant(value));
  const x = node.inputs[1 - at];
  if (x === undefined || x.constant || !sameShape(x.type.shape, shape)) return undefined;
  const scaling = constantScaling(node.inputs[at], (number) => operation(number, at === 0), node.outputs[0]);
  return scaling && { x, scaling };
}

/** What an operation does with a constant that has one number for each index of one axis of the result, or one for all. */
function constantScaling(
  value: Value | undefined,
  operation: (number: number) => readonly [number, number],
  result: Value,
): Scaling | undefined {
  const constant = realConstant(value);
  if (constant === undefined || constant.data.length === 0) return undefined;
  const outer = result.type.shape.length - constant.shape.length;
  const sized = constant.shape.flatMap((size, axis) => (size === 1 ? [] : axis + outer));
  if (sized.length > 1) return undefined;
  const numbers = numbersOf(constant);
  const [gain, shift] = [new Float64Array(numbers.length), new Float64Array(numbers.length)];
  for (let index = 0; index < numbers.length; index++) [gain[index], shift[index]] = operation(numbers[index]);
  return { axis: sized[0], gain, shift };
}

/** What a node scales its results by in the end, if its operator does so and with constants for each index of one axis, or for all. */
export function scalingAtEnd({ op, inputs, outputs }: Node): Scaling | undefined {
  if (op.scaling === undefined || outputs[0].type.dtype !== "f32") return undefined;
  const [factor, offset] = [op.scaling.factor, op.scaling.offset].map((name) => inputs[slotOf(op, name)]);
  const gain = factor && constantScaling(factor, (number) => [number, 0], outputs[0]);
  const shift = offset && constantScaling(offset, (number) => [1, number], outputs[0]);
  if ((factor && !gain) || (offset && !shift)) return undefined;
  return gain && shift ? followedBy(gain, shift) : (gain ?? shift);
}

/** The inputs of a node without those that scale its results in the end. */
export function unscaledInputs({ op, inputs }: Node): readonly (Value | undefined)[] {
  const { factor, offset } = op.scaling!;
  const kept = inputs.map((value, index) => ([factor, offset].includes(op.inputs[index].name) ? undefined : value));
  return kept.slice(0, kept.findLastIndex((value) => value !== undefined) + 1);
}

/** The place of an operator's input by its name. */
export function slotOf(op: Operator, name: string): number {
  return op.inputs.findIndex((slot) => slot.name === name);
}

/** A batch norm: gain = scale / √(variance + ε), shift = bias - mean · gain. */
function normalizationOf(node: Node): ScalingNode | Refusal {
  const { x, scale, bias, mean, variance } = batchNorm.inputsOf(node);
  const { epsilon, axis } = batchNorm.attributesOf(node);
  const [s, b, m, v] = [scale, bias, mean, variance].map((value) => {
    const tensor = realConstant(value);
    return tensor && numbersOf(tensor);
  });
  if (!s || !b || !m || !v || x.constant) return refuse("its parameters are not constant");
  const gain = Float64Array.from(s, (factor, channel) => factor / Math.sqrt(v[channel] + epsilon));
  const shift = Float64Array.from(gain, (factor, channel) => b[channel] - m[channel] * factor);
  if (!gain.every(Number.isFinite) || !shift.every(Number.isFinite))
    return refuse("it divides by a variance of zero or less");
  return { x, scaling: { axis, gain, shift } };
}

/** The scaling that `first` and then `second` make, or undefined if they go along different axes. */
function followedBy(first: Scaling, second: Scaling): Scaling | undefined {
  const axis = first.axis ?? second.axis;
  if (second.axis !== undefined && second.axis !== axis) return undefined;
  const count = Math.max(first.gain.length, second.gain.length);
  const [gain, shift] = [new Float64Array(count), new Float64Array(count)];
  for (let index = 0; index < count; index++) {
    const factor = entryAt(second.gain, index);
    gain[index] = factor * entryAt(first.gain, index);
    shift[index] = factor * entryAt(first.shift, index) + entryAt(second.shift, index);
  }
  return { axis, gain, shift };
}

/** The entry for an index of the axis, of a list with one for each or one for all. */
export function entryAt(list: ArrayLike<number>, index: number): number {
  return list[list.length === 1 ? 0 : index];
}

/** The longest row of scalings that begins with `node`, which does `scaling`, along one axis. */
export function scalingRow(node: Node, scaling: Scaling): ScalingRow {
  const nodes = [node];
  let whole = scaling;
  for (let next = onlyReader(node); next !== undefined; next = onlyReader(next)) {
    const found = scalingOf(next);
    const joined = found && !isRefusal(found) && followedBy(whole, found.scaling);
    if (!joined) break;
    nodes.push(next);
    whole = joined;
  }
  return { nodes, scaling: whole };
}

function onlyReader({ outputs: [result], attributes: { activation = "none" } }: Node): Node | undefined {
  return activation === "none" ? onlyUse(result)?.user : undefined;
}

/** Why the only node of a row takes no other one in, if one of several readers of its result is a scaling. */
export function sharedResult({ nodes: [node, next] }: ScalingRow, graph: Graph): Refusal | undefined {
  const [result] = node.outputs;
  if (next !== undefined || result.uses.size < 2) return undefined;
  for (const { user } of result.uses) {
    const found = user === graph.results ? undefined : scalingOf(user);
    if (found && !isRefusal(found)) return refuse(`its result is read by other nodes than ${user.name} too`);
  }
  return undefined;
}
