import type { Graph, Node, Transposed, Value } from "@millrace/ir";
import { toChannelsFirst, toChannelsLast, transpose } from "@millrace/ops";
import type { Pass } from "../pass.ts";
import {
  formGiving,
  inputBalance,
  isReadOnlyBy,
  movedElements,
  permutedForm,
  type Reordered,
  transposes,
} from "./balance.ts";
import { moveNode } from "./move-node.ts";
import { movesNothing, Permuter } from "./permuted-value.ts";

/** The order in which all readers of a value that are known so far want it. */
interface Want extends Reordered {
  /** Whether a transpose reads it to give that order. */
  direct: boolean;
  /** Nodes that read it and may be moved; all are of one group. */
  readonly readers: Set<Node>;
  group?: Group;
  /** Elements that a transpose of it moves where the group ends with it. */
  cost: number;
}

/** A node and its form on permuted data. */
interface Step {
  readonly node: Node;
  readonly moved: Transposed;
}

/** Nodes that are moved together or not at all, last to first. */
interface Group {
  readonly steps: Step[];
  /** What the nodes read from outside of the group. */
  readonly open: Set<Want>;
  /** Elements that transposes would no longer move. */
  saved: number;
  /** Elements that transposes would have to move, for the most part of open values. */
  cost: number;
}

/**
 * Moves transposes towards the inputs of the graph where that makes them move fewer elements, for example because branches
 * can share one. With `absorbing`, transposes cost nothing at inputs and outputs that can become channel-last. One sweep
 * against the topological order grows groups of nodes whose readers all want another order; a group is moved as soon as that pays.
 */
export function pullTransposes(absorbing = false): Pass {
  return {
    name: "pull-transposes",
    run: (graph, { nested }) => new Pulling(graph, absorbing && !nested).run(),
    examples,
  };
}

class Pulling {
  readonly #graph: Graph;
  readonly #absorbing: boolean;
  readonly #permuter: Permuter;
  readonly #wants = new Map<Value, Want>();
  #changes = 0;

  constructor(graph: Graph, absorbing: boolean) {
    this.#graph = graph;
    this.#absorbing = absorbing;
    this.#permuter = new Permuter(graph);
  }

  run(): number {
    for (const node of [...this.#graph.nodes()].reverse()) {
      if (!this.#graph.contains(node)) continue;
      if (node.op === transpose) this.#noteTranspose(node);
      else {
        for (const output of node.outputs) this.#settle(this.#wants.get(output)?.group);
        this.#grow(node);
      }
    }
    if (this.#absorbing) for (const input of this.#graph.inputs) this.#absorb(input);
    for (const group of new Set([...this.#wants.values()].map((want) => want.group))) this.#settle(group);
    return this.#changes;
  }

  #noteTranspose(node: Node): void {
    const isOutput = isReadOnlyBy(node.outputs[0], (user) => user === this.#graph.results);
    if (this.#absorbing && isOutput && transposes(node, toChannelsFirst)) return;
    const want = this.#want({ value: node.inputs[0]!, permutation: transpose.attributesOf(node).permutation });
    if (want === undefined) return;
    want.direct = true;
    this.#reduceCost(want);
  }

  /** A transpose of the value costs nothing more. */
  #reduceCost(want: Want): void {
    if (want.group) want.group.cost -= want.cost;
    want.cost = 0;
  }

  /** What is noted about a value; undefined if it is wanted in a different order already. */
  #want({ value, permutation }: Reordered): Want | undefined {
    const known = this.#wants.get(value);
    if (known) return known.permutation.join() === permutation.join() ? known : undefined;
    const cost = movedElements({ value, permutation });
    const want = { value, permutation, direct: false, readers: new Set<Node>(), cost };
    this.#wants.set(value, want);
    return want;
  }

  /** Takes a node whose results are wanted in another order by all their readers into the readers' groups. */
  #grow(node: Node): void {
    const wants = node.outputs.flatMap((output) => this.#wants.get(output) ?? []);
    const moved = wants.length > 0 ? formGiving(wants[0]) : undefined;
    const indifferent = moved && this.#indifferentReaders(node, moved);
    if (moved === undefined || indifferent === undefined) return;
    const { saved, reordered } = inputBalance(node, moved, this.#permuter);
    let group: Group = { steps: [...indifferent, { node, moved }], open: new Set(), saved, cost: 0 };
    for (const want of wants) {
      if (want.direct) group.saved += movedElements(want);
      if (want.group) group = union(want.group, group);
      if (group.open.delete(want)) group.cost -= want.cost;
      this.#wants.delete(want.value);
    }
    for (const each of reordered) {
      const want = this.#want(each);
      want?.readers.add(node);
      if (want?.group) group = union(want.group, group);
      else {
        group.cost += want?.cost ?? movedElements(each);
        if (want) open(group, want);
      }
    }
    if (group.open.size === 0) this.#settle(group);
  }

  /** Readers of a node's results to which their order is all the same; undefined if others do not want the order that `moved` gives. */
  #indifferentReaders({ outputs }: Node, moved: Transposed): readonly Step[] | undefined {
    const found = outputs.map((output, index) => {
      const want = this.#wants.get(output);
      if (want === undefined) return output.uses.size === 0 ? [] : undefined;
      return want.permutation.join() === moved.outputs[index]?.join() ? indifferentReaders(want) : undefined;
    });
    return found.includes(undefined) ? undefined : found.flatMap((steps) => steps ?? []);
  }

  /** Lets an input that can become channel-last cost nothing. */
  #absorb(input: Value): void {
    const want = this.#wants.get(input);
    const indifferent = want?.permutation.join() === toChannelsLast.join() && indifferentReaders(want);
    if (want === undefined || !indifferent) return;
    if (want.group === undefined) open({ steps: [], open: new Set(), saved: 0, cost: want.cost }, want);
    const group = want.group!;
    group.steps.unshift(...indifferent);
    if (want.direct) group.saved += movedElements(want);
    this.#reduceCost(want);
  }

  /** Moves a group if that saves more elements than it costs. Where it ends, transposes are read from then on. */
  #settle(group: Group | undefined): void {
    if (group === undefined || group.saved <= group.cost) return;
    for (const { node, moved } of group.steps.reverse()) moveNode(this.#graph, node, moved, this.#permuter);
    this.#changes += group.steps.length;
    for (const { value, permutation } of group.open) {
      this.#wants.set(value, { value, permutation, direct: true, readers: new Set(), cost: 0 });
    }
  }
}

/** Readers to which the order of a value is all the same, moved; undefined if some reader neither is one nor wants the order. */
function indifferentReaders({ value, permutation, readers }: Want): readonly Step[] | undefined {
  const steps = new Map<Node, Step>();
  for (const { user } of value.uses) {
    if (readers.has(user) || steps.has(user) || transposes(user, permutation)) continue;
    const step = indifferentForm(user, value, permutation);
    if (step === undefined) return undefined;
    steps.set(user, step);
  }
  return [...steps.values()];
}

/** A node that gives the same results in the same order when it reads the value permuted. */
function indifferentForm(node: Node, value: Value, permutation: readonly number[]): Step | undefined {
  const moved = node.inputs[0] === value ? permutedForm(node, permutation) : undefined;
  const alone = moved && inputBalance(node, moved).reordered.every((each) => each.value === value);
  if (moved === undefined || !alone) return undefined;
  const same = node.outputs.every((output, index) => {
    const order = moved.outputs[index];
    return order === undefined || movesNothing(output.type.shape, order);
  });
  return same ? { node, moved } : undefined;
}

function open(group: Group, want: Want): void {
  want.group = group;
  group.open.add(want);
}

/** Both groups as one; linear in the smaller one. */
function union(a: Group, b: Group): Group {
  if (a === b) return a;
  const [large, small] = a.open.size + a.steps.length < b.open.size + b.steps.length ? [b, a] : [a, b];
  for (const step of small.steps) large.steps.push(step);
  for (const want of small.open) open(large, want);
  large.saved += small.saved;
  large.cost += small.cost;
  return large;
}

const examples = [
  {
    name: "past a sum with a constant to an input that will absorb it; what this makes after the sum cancels",
    before: `
      input x: f32[1,3,2,2]
      constant c: f32[3,1,1] = [1, 2, 3]
      a: f32[1,3,2,2] = add(x, c) {activation=none}
      y: f32[1,2,2,3] = transpose(a) {permutation=[0,2,3,1]}
      output y`,
    after: `
      input x: f32[1,3,2,2]
      x_transposed: f32[1,2,2,3] = transpose(x) {permutation=[0,2,3,1]}
      constant c: f32[1,1,1,3] = [1, 2, 3]
      a: f32[1,2,2,3] = add(x_transposed, c) {activation=none}
      a_restored: f32[1,3,2,2] = transpose(a) {permutation=[0,3,1,2]}
      y: f32[1,2,2,3] = transpose(a_restored) {permutation=[0,2,3,1]}
      output y`,
  },
  {
    name: "past two branches to what both read",
    before: `
      input x: f32[2,3]
      input z: f32[2,3]
      a: f32[2,3] = mul(x, z) {activation=none}
      b: f32[2,3] = neg(a)
      c: f32[2,3] = abs(a)
      d: f32[3,2] = transpose(b) {permutation=[1,0]}
      e: f32[3,2] = transpose(c) {permutation=[1,0]}
      output d
      output e`,
    after: `
      input x: f32[2,3]
      input z: f32[2,3]
      a: f32[2,3] = mul(x, z) {activation=none}
      a_transposed: f32[3,2] = transpose(a) {permutation=[1,0]}
      b: f32[3,2] = neg(a_transposed)
      b_restored: f32[2,3] = transpose(b) {permutation=[1,0]}
      c: f32[3,2] = abs(a_transposed)
      c_restored: f32[2,3] = transpose(c) {permutation=[1,0]}
      d: f32[3,2] = transpose(b_restored) {permutation=[1,0]}
      e: f32[3,2] = transpose(c_restored) {permutation=[1,0]}
      output d
      output e`,
  },
  {
    name: "past a result that is read in its old order too",
    before: `
      input x: f32[2,3]
      a: f32[2,3] = neg(x)
      y: f32[3,2] = transpose(a) {permutation=[1,0]}
      output a
      output y`,
  },
  {
    name: "past a sum of two, which would need two",
    before: `
      input x: f32[2,3]
      input z: f32[2,3]
      a: f32[2,3] = add(x, z) {activation=none}
      y: f32[3,2] = transpose(a) {permutation=[1,0]}
      output y`,
  },
];
