import {
  type Graph,
  type Node,
  numbersOf,
  perTensor,
  type Quantization,
  sameQuantization,
  type Value,
} from "@millrace/ir";
import { activationParameters, representable } from "./parameters.ts";
import { emptyRange, isEmpty, type Range, rangeOf, uniteRanges } from "./range.ts";
import type { IntegerType } from "./scheme.ts";

/** What a value's parameters follow from: its operator, a given integer graph, or what was seen of it; `nothing` where it was not seen. */
export type Basis = "operator" | "given" | "samples" | "nothing";

/** Which parameters every real value takes in one integer type. */
export interface Assignment {
  readonly parameters: ReadonlyMap<Value, Quantization>;
  /** Results with fixed parameters that their readers need in others: value to the parameters of its group. */
  readonly requantized: ReadonlyMap<Value, Quantization>;
  readonly bases: ReadonlyMap<Value, Basis>;
}

/** What is computed in one integer type. */
export interface Typed {
  readonly dtype: IntegerType;
  /** Zero points are 0 in int8 too. */
  readonly symmetric: boolean;
  /** Whether a node computes in the type. */
  readonly computes: (node: Node) => boolean;
  /** Parameters that values of a given integer graph have, and are to have again. */
  readonly given?: ReadonlyMap<Value, Quantization>;
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
  const shared = new Set<Value>();
  const members = new Set<Value>();
  for (const input of graph.inputs) if (input.type.dtype === "f32") members.add(input);
  uniteStates(graph, groups, members);
  for (const node of graph.nodes()) {
    for (const output of node.outputs) if (output.type.dtype === "f32") members.add(output);
    if (!typed.computes(node)) continue;
    const rule = node.op.quantization;
    for (const value of sharedInputs(node)) {
      members.add(value);
      for (const output of node.outputs) {
        groups.unite(value, output);
        shared.add(output);
      }
    }
    if (rule.kind !== "fixed") continue;
    const { scale, zeroPoint } = rule.parameters(typed.dtype === "i16" ? 16 : 8);
    for (const output of node.outputs) fixed.set(output, perTensor(scale, zeroPoint));
  }
  return settle(groups, members, { fixed, shared, ranges, typed });
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
  /** Results that can't have other parameters than what they are computed from. */
  readonly shared: ReadonlySet<Value>;
  readonly ranges: ReadonlyMap<Value, Range>;
  readonly typed: Typed;
}

/** What is known of the members of a group. */
interface Group {
  range: Range;
  readonly fixed: Quantization[];
  readonly given: Quantization[];
}

function settle(groups: Groups, members: ReadonlySet<Value>, known: Known): Assignment {
  const { fixed, shared, typed } = known;
  const chosen = new Map([...gathered(groups, members, known)].map(([root, group]) => [root, decided(group, typed)]));
  const parameters = new Map<Value, Quantization>();
  const requantized = new Map<Value, Quantization>();
  const bases = new Map<Value, Basis>();
  for (const value of members) {
    const group = chosen.get(groups.find(value))!;
    const given = typed.given?.get(value);
    const own = fixed.get(value) ?? (shared.has(value) ? undefined : given) ?? group.parameters;
    parameters.set(value, own);
    bases.set(value, sameQuantization(own, given) ? "given" : fixed.has(value) ? "operator" : group.basis);
    if (!sameQuantization(own, group.parameters)) requantized.set(value, group.parameters);
  }
  return { parameters, requantized, bases };
}

function gathered(groups: Groups, members: ReadonlySet<Value>, known: Known): ReadonlyMap<Value, Group> {
  const { fixed, ranges, typed } = known;
  const united = new Map<Value, Group>();
  for (const value of members) {
    const root = groups.find(value);
    const group = united.get(root) ?? { range: emptyRange, fixed: [], given: [] };
    united.set(root, group);
    const range = value.constant ? rangeOf(numbersOf(value.constant)) : (ranges.get(value) ?? emptyRange);
    group.range = uniteRanges(group.range, range);
    const [own, given] = [fixed.get(value), typed.given?.get(value)];
    if (own) group.fixed.push(own);
    if (given) group.given.push(given);
  }
  return united;
}

/** A group takes the widest parameters that are given for a member; else fixed ones if all agree and everything in the group fits them; else its range's. */
function decided(
  { range, fixed, given }: Group,
  { dtype, symmetric }: Typed,
): { readonly parameters: Quantization; readonly basis: Basis } {
  if (given.length > 0)
    return { parameters: given.reduce((a, b) => (b.scale[0] > a.scale[0] ? b : a)), basis: "given" };
  const own = activationParameters(range, dtype, symmetric || dtype === "i16");
  const [first] = fixed;
  if (first === undefined) return { parameters: own, basis: isEmpty(range) ? "nothing" : "samples" };
  const agree = fixed.every((each) => sameQuantization(each, first));
  const limits = representable(first, dtype);
  const slack = first.scale[0];
  const fits = range.minimum >= limits.minimum - slack && range.maximum <= limits.maximum + slack;
  return agree && fits ? { parameters: first, basis: "operator" } : { parameters: own, basis: "samples" };
}
