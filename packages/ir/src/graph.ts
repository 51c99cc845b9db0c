import type { Node, NodeInit, State, Use, Value, ValueType } from "./node.ts";
import type { Attributes, Operator } from "./operator.ts";
import type { Quantization } from "./quantization.ts";
import type { Tensor } from "./tensor.ts";

interface MutableValue extends Value {
  name: string;
  type: ValueType;
  constant?: Tensor;
  producer?: MutableNode;
  readonly uses: Set<Use>;
}

interface MutableNode extends Node {
  name: string;
  attributes: Attributes;
  readonly inputs: (MutableValue | undefined)[];
  readonly outputs: MutableValue[];
  readonly useRecords: (Use | undefined)[];
  previous?: MutableNode;
  next?: MutableNode;
  owner?: Graph;
}

/** Terminates every graph: its inputs are the graph's outputs. Not a member of `nodes()`. */
const resultsOperator: Operator = {
  name: "results",
  inputs: [{ name: "values", arity: "many" }],
  attributes: {},
  quantization: { kind: "float", why: "it is the end of the graph" },
  infer: () => [],
  check: () => [],
  cost: () => ({ macs: 0 }),
  transposed: () => undefined,
  samples: [],
};

/**
 * A dataflow graph in topological order with use-def links, kept consistent by its methods: every edit is O(1) or
 * linear in the edges it touches. Constants are values without a producer.
 */
export class Graph {
  name: string;
  /** Names of the outputs as the model's user knows them, one for each result. */
  outputNames: string[] = [];
  /** Inputs that whoever runs the graph feeds from the results of the run before. */
  states: readonly State[] = [];
  /** The node that reads the graph's outputs. */
  readonly results: Node;
  readonly #inputs: MutableValue[] = [];
  readonly #end: MutableNode;
  readonly #names = new Map<string, number>();
  readonly #operators = new Map<Operator, number>();
  #size = 0;

  constructor(name: string) {
    this.name = name;
    this.#end = {
      op: resultsOperator,
      name: "results",
      inputs: [],
      outputs: [],
      attributes: {},
      origin: [],
      useRecords: [],
      owner: this,
    };
    this.results = this.#end;
  }

  get inputs(): readonly Value[] {
    return this.#inputs;
  }

  get outputs(): readonly Value[] {
    return this.#end.inputs as Value[];
  }

  /** Number of nodes. */
  get size(): number {
    return this.#size;
  }

  /** How many nodes there are of each operator that has some. */
  get operators(): ReadonlyMap<Operator, number> {
    return this.#operators;
  }

  /** Nodes in topological order. The node just visited may be removed, and nodes may be inserted anywhere, while iterating. */
  *nodes(): Generator<Node> {
    let node = this.#end.next;
    while (node !== undefined) {
      yield node;
      let following: MutableNode | undefined = node.next;
      while (following !== undefined && following.owner === undefined) following = following.next;
      node = following;
    }
  }

  /** The node that follows in the order of `nodes()`. */
  after(node: Node): Node | undefined {
    return (node as MutableNode).next;
  }

  addInput(name: string, type: ValueType): Value {
    const value: MutableValue = { name: this.#unique(name), type, uses: new Set() };
    this.#inputs.push(value);
    return value;
  }

  /** A constant; its type is the tensor's, with `quantization` if given. */
  addConstant(name: string, tensor: Tensor, quantization?: Quantization): Value {
    const type: ValueType = { dtype: tensor.dtype, shape: tensor.shape, ...(quantization && { quantization }) };
    const value: MutableValue = { name: this.#unique(name), type, constant: tensor, uses: new Set() };
    return value;
  }

  addNode(init: NodeInit): Node {
    const { op, attributes, origin = [] } = init;
    const types = init.outputTypes ?? op.infer(init.inputs, attributes);
    const base = init.name ?? init.outputNames?.[0] ?? origin[0] ?? op.name;
    const node: MutableNode = {
      op,
      name: base,
      inputs: [],
      outputs: [],
      attributes,
      origin,
      useRecords: [],
      owner: this,
    };
    types.forEach((type, index) => {
      const name = init.outputNames?.[index] ?? (index === 0 ? base : `${base}:${index}`);
      node.outputs.push({ name: this.#unique(name), type, producer: node, uses: new Set() });
    });
    for (const [index, value] of init.inputs.entries()) this.#connect(node, index, value);
    this.#insert(node, init.before as MutableNode | undefined);
    return node;
  }

  /** Makes `value` the input `index` of `node`; an index one past the end appends. */
  setInput(node: Node, index: number, value: Value | undefined): void {
    this.#disconnect(node as MutableNode, index);
    this.#connect(node as MutableNode, index, value);
  }

  setAttributes(node: Node, attributes: Attributes): void {
    (node as MutableNode).attributes = attributes;
  }

  setType(value: Value, type: ValueType): void {
    (value as MutableValue).type = type;
  }

  rename(value: Value, name: string): void {
    if (value.name === name) return;
    this.#names.delete(value.name);
    (value as MutableValue).name = this.#unique(name);
  }

  /** Replaces the graph's outputs; names default to the values' own. */
  setOutputs(values: readonly Value[], names: readonly string[] = values.map(({ name }) => name)): void {
    for (let index = this.#end.inputs.length - 1; index >= 0; index--) this.#disconnect(this.#end, index);
    this.#end.inputs.length = 0;
    this.#end.useRecords.length = 0;
    for (const [index, value] of values.entries()) this.#connect(this.#end, index, value);
    this.outputNames = [...names];
  }

  /** Lets every reader of `from` read `to` instead. */
  replaceUses(from: Value, to: Value, except?: Node): void {
    if (from === to) return;
    for (const use of [...from.uses]) if (use.user !== except) this.setInput(use.user, use.index, to);
  }

  /** Removes a node whose results nobody reads. */
  removeNode(node: Node): void {
    const target = node as MutableNode;
    if (target.outputs.some(({ uses }) => uses.size > 0)) throw new Error(`node ${node.name} is still used`);
    if (target.owner !== this) return;
    for (let index = 0; index < target.inputs.length; index++) this.#disconnect(target, index);
    this.#unlink(target);
    for (const { name } of target.outputs) this.#names.delete(name);
    target.owner = undefined;
  }

  /** Puts a node of the graph elsewhere in the order: before another one, or at the end; whoever moves nodes sees to it that each comes after what it reads. */
  moveNode(node: Node, before?: Node): void {
    this.#unlink(node as MutableNode);
    this.#insert(node as MutableNode, before as MutableNode | undefined);
  }

  /** Whether the node is still part of this graph. */
  contains(node: Node): boolean {
    return (node as MutableNode).owner === this;
  }

  /** Drops an input that nothing reads, or whose readers read `substitute` from now on. */
  removeInput(value: Value, substitute?: Value): void {
    if (substitute) this.replaceUses(value, substitute);
    if (value.uses.size > 0) throw new Error(`input ${value.name} is still used`);
    this.#inputs.splice(this.#inputs.indexOf(value as MutableValue), 1);
  }

  /** Puts `replacement` in the place of an input; the old one keeps its uses. */
  replaceInput(value: Value, type: ValueType): Value {
    const index = this.#inputs.indexOf(value as MutableValue);
    const { name } = value;
    (value as MutableValue).name = this.#unique(`${name}_source`);
    const replacement: MutableValue = { name, type, uses: new Set() };
    this.#inputs[index] = replacement;
    return replacement;
  }

  #insert(node: MutableNode, before: MutableNode | undefined): void {
    const after =
      before === undefined || before === this.#end ? (this.#end.previous ?? this.#end) : (before.previous ?? this.#end);
    node.previous = after;
    node.next = after.next;
    if (after.next) after.next.previous = node;
    else this.#end.previous = node;
    after.next = node;
    this.#operators.set(node.op, (this.#operators.get(node.op) ?? 0) + 1);
    this.#size++;
  }

  #unlink(node: MutableNode): void {
    if (node.previous) node.previous.next = node.next;
    if (node.next) node.next.previous = node.previous;
    if (this.#end.previous === node) this.#end.previous = node.previous === this.#end ? undefined : node.previous;
    const others = (this.#operators.get(node.op) ?? 0) - 1;
    if (others > 0) this.#operators.set(node.op, others);
    else this.#operators.delete(node.op);
    this.#size--;
  }

  #connect(node: MutableNode, index: number, value: Value | undefined): void {
    const use: Use | undefined = value && { user: node, index };
    node.inputs[index] = value as MutableValue | undefined;
    node.useRecords[index] = use;
    if (use) (value as MutableValue).uses.add(use);
  }

  #disconnect(node: MutableNode, index: number): void {
    const use = node.useRecords[index];
    if (use) node.inputs[index]?.uses.delete(use);
    node.inputs[index] = undefined;
    node.useRecords[index] = undefined;
  }

  #unique(name: string): string {
    const seen = this.#names.get(name);
    if (seen === undefined) {
      this.#names.set(name, 0);
      return name;
    }
    let count = seen;
    let candidate = "";
    do {
      count++;
      candidate = `${name}_${count}`;
    } while (this.#names.has(candidate));
    this.#names.set(name, count);
    this.#names.set(candidate, 0);
    return candidate;
  }
}

/** Whether the value is among the graph's outputs. */
export function isGraphOutput(graph: Graph, value: Value): boolean {
  for (const { user } of value.uses) if (user === graph.results) return true;
  return false;
}

/** The only use of a value, or undefined if there are none or several. */
export function onlyUse(value: Value): Use | undefined {
  return value.uses.size === 1 ? value.uses.values().next().value : undefined;
}
