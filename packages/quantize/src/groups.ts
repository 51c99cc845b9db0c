import { type Graph, type Node, numbersOf, perTensor, type Quantization, type Value } from "@millrace/ir";
import { activationParameters, representable } from "./parameters.ts";
import { type Range, rangeOf, uniteRanges } from "./range.ts";
import type { IntegerType } from "./scheme.ts";

/** Which parameters every real value takes in one integer type. */
export interface Assignment {
  readonly parameters: ReadonlyMap<Value, Quantization>;
  /** Results with fixed parameters that their readers need in others: value to the parameters of its group. */
  readonly requantized: ReadonlyMap<Value, Quantization>;
}

/** What is computed in one integer type. */
export interface Typed {
  readonly dtype: IntegerType;
  /** Zero points are 0 in int8 too. */
  readonly symmetric: boolean;
  /** Whether a node computes in the type. */
  readonly computes: (node: Node) => boolean;
}

/** Inputs of a node that share parameters with its results. */
function sharedInputs(node: Node): readonly Value[] {
  const rule = node.op.quantization;
  if (rule.kind !== "same") return [];
  return node.inputs.flatMap((value, index) => {
    const { name } = node.op.inputs[Math.min(index, node.op.inputs.length - 1)];
    return value && rule.inputs.includes(name) && value.type.dtype === "f32" ? [value] : [];
  });
}

/** Values that must share parameters, by union-find. */
class Groups {
  readonly #parents = new Map<Value, Value>();

  find(value: Value): Value {
    let root = value;
    for (let parent = this.#parents.get(root); parent !== undefined; parent = this.#parents.get(root)) root = parent;
    for (let at = value; at !== root; ) {
      const next = this.#parents.get(at)!;
      this.#parents.set(at, root);
      at = next;
    }
    return root;
  }

  unite(a: Value, b: Value): void {
    const [left, right] = [this.find(a), this.find(b)];
    if (left !== right) this.#parents.set(left, right);
  }
}

/** Decides the parameters of all activations in one type, from their ranges and the rules of the nodes that compute in it. */
export function assignParameters(graph: Graph, ranges: ReadonlyMap<Value, Range>, typed: Typed): Assignment {
  const groups = new Groups();
  const fixed = new Map<Value, Quantization>();
  const members = new Set<Value>();
  for (const input of graph.inputs) if (input.type.dtype === "f32") members.add(input);
  uniteStates(graph, groups, members);
  for (const node of graph.nodes()) {
    for (const output of node.outputs) if (output.type.dtype === "f32") members.add(output);
    if (!typed.computes(node)) continue;
    const rule = node.op.quantization;
    for (const value of sharedInputs(node)) {
      members.add(value);
      for (const output of node.outputs) groups.unite(value, output);
    }
    if (rule.kind !== "fixed") continue;
    const { scale, zeroPoint } = rule.parameters(typed.dtype === "i16" ? 16 : 8);
    for (const output of node.outputs) fixed.set(output, perTensor(scale, zeroPoint));
  }
  return settle(groups, members, { fixed, ranges, typed });
}

/** What a state becomes is what it is in the next run. */
function uniteStates({ inputs, outputs, outputNames, states }: Graph, groups: Groups, members: Set<Value>): void {
  const named = new Map(inputs.map((input) => [input.name, input]));
  for (const { input, output } of states) {
    const [before, after] = [named.get(input)!, outputs[outputNames.lastIndexOf(output)]];
    if (after.type.dtype !== "f32") continue;
    members.add(after);
    groups.unite(before, after);
  }
}

interface Known {
  readonly fixed: ReadonlyMap<Value, Quantization>;
  readonly ranges: ReadonlyMap<Value, Range>;
  readonly typed: Typed;
}

function settle(groups: Groups, members: ReadonlySet<Value>, { fixed, ranges, typed }: Known): Assignment {
  const united = new Map<Value, Range>();
  const fixedOf = new Map<Value, Quantization[]>();
  for (const value of members) {
    const root = groups.find(value);
    const range = value.constant
      ? rangeOf(numbersOf(value.constant))
      : (ranges.get(value) ?? { minimum: 0, maximum: 0 });
    const known = united.get(root);
    united.set(root, known ? uniteRanges(known, range) : range);
    const own = fixed.get(value);
    if (own) fixedOf.set(root, [...(fixedOf.get(root) ?? []), own]);
  }
  const chosen = new Map(
    [...united].map(([root, range]) => [root, groupParameters(range, fixedOf.get(root) ?? [], typed)]),
  );
  const parameters = new Map<Value, Quantization>();
  const requantized = new Map<Value, Quantization>();
  for (const value of members) {
    const group = chosen.get(groups.find(value))!;
    const own = fixed.get(value) ?? group;
    parameters.set(value, own);
    if (own.scale[0] !== group.scale[0] || own.zeroPoint[0] !== group.zeroPoint[0]) requantized.set(value, group);
  }
  return { parameters, requantized };
}

/** A group takes fixed parameters if all that are fixed agree and everything in the group fits them. */
function groupParameters(range: Range, fixed: readonly Quantization[], { dtype, symmetric }: Typed): Quantization {
  const [first] = fixed;
  const own = activationParameters(range, dtype, symmetric || dtype === "i16");
  if (first === undefined) return own;
  const agree = fixed.every(
    ({ scale, zeroPoint }) => scale[0] === first.scale[0] && zeroPoint[0] === first.zeroPoint[0],
  );
  const limits = representable(first, dtype);
  const slack = first.scale[0];
  const fits = range.minimum >= limits.minimum - slack && range.maximum <= limits.maximum + slack;
  return agree && fits ? first : own;
}
