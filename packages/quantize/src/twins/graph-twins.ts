import { type Graph, type Node, sameShape, type Value } from "@millrace/ir";
import { hasWeights } from "../scheme.ts";
import { describeNode, pairLayers } from "./layer-pairs.ts";
import { isConversion, onlyMoves, originsOf } from "./origins.ts";

/** A float graph and an integer graph of the same architecture, as far as they could be matched. */
export interface GraphTwins {
  /** Nodes of the float graph with those of the integer graph that do the same. */
  readonly nodes: ReadonlyMap<Node, Node>;
  /** Inputs of the float graph with those of the integer graph. */
  readonly inputs: ReadonlyMap<Value, Value>;
  /** Whether at least half of the layers with weights of either graph have twins. */
  readonly areAlike: boolean;
}

/**
 * Matches the nodes of two graphs: those of an operator that give a shape from what twins gave, of the same name where several do; else layers
 * with weights at the same place, counted from the first or the last, as far as those are alike; else nodes whose results have the same name and shape.
 * Conversions between reals and integers, and between shapes, and borders may be anywhere. Linear in the graphs.
 */
export function graphTwins(reference: Graph, quantized: Graph): GraphTwins {
  const inputs = pairedInputs(reference, quantized);
  const candidates = new Candidates(quantized);
  const layers = pairLayers(reference, quantized);
  const origins = originsOf(reference);
  const twins = new Map(inputs);
  const twinOf = (value: Value) => twins.get(origins.get(value) ?? value);
  const nodes = new Map<Node, Node>();
  for (const node of reference.nodes()) {
    const twin = candidates.like(node, twinOf) ?? candidates.free(node, layers.get(node)) ?? candidates.named(node);
    if (twin === undefined) continue;
    candidates.take(twin);
    nodes.set(node, twin);
    if (onlyMoves(node)) continue;
    for (const [at, output] of node.outputs.entries())
      if (twin.outputs[at]) twins.set(output, candidates.originOf(twin.outputs[at]));
  }
  const [theirs, ours] = [reference, quantized].map((graph) => [...graph.nodes()].filter(hasWeights));
  const matched = theirs.filter((node) => nodes.has(node)).length;
  return { nodes, inputs, areAlike: 2 * matched >= Math.max(theirs.length, ours.length) };
}

/** Inputs of the same names, or, where some are called otherwise, at the same places if there are as many. */
function pairedInputs(reference: Graph, quantized: Graph): ReadonlyMap<Value, Value> {
  const named = new Map(quantized.inputs.map((input) => [input.name, input]));
  const byName = reference.inputs.flatMap((input) => {
    const twin = named.get(input.name);
    return twin ? [[input, twin] as const] : [];
  });
  const isByPlace = byName.length < reference.inputs.length && reference.inputs.length === quantized.inputs.length;
  return new Map(isByPlace ? reference.inputs.map((input, at) => [input, quantized.inputs[at]] as const) : byName);
}

/** Nodes of an integer graph that are no twins yet. */
class Candidates {
  readonly #origins: ReadonlyMap<Value, Value>;
  readonly #numbers = new Map<Value, number>();
  readonly #byName = new Map<string, Node>();
  readonly #alike = new Map<string, Set<Node>>();
  readonly #descriptions = new Map<Node, string>();

  constructor(graph: Graph) {
    this.#origins = originsOf(graph);
    for (const node of graph.nodes()) {
      if (isConversion(node)) continue;
      for (const { name } of node.outputs) this.#byName.set(name, node);
      const description = describeNode(node, (value) => this.#numberOf(this.originOf(value)))!;
      this.#descriptions.set(node, description);
      const alike = this.#alike.get(description);
      if (alike) alike.add(node);
      else this.#alike.set(description, new Set([node]));
    }
  }

  originOf(value: Value): Value {
    return this.#origins.get(value) ?? value;
  }

  /** One that does what a node of the float graph does with the twins of its data: that of the same name, else the first. */
  like(node: Node, twinOf: (value: Value) => Value | undefined): Node | undefined {
    const description = describeNode(node, (value) => {
      const twin = twinOf(value);
      return twin && this.#numberOf(twin);
    });
    const alike = description === undefined ? undefined : this.#alike.get(description);
    const named = this.named(node);
    return named && alike?.has(named) ? named : alike?.values().next().value;
  }

  /** One with a result of the same name and shape. */
  named(node: Node): Node | undefined {
    return this.free(node, this.#byName.get(node.outputs[0].name));
  }

  /** The candidate if it is no twin yet and gives the node's shape. */
  free(node: Node, candidate: Node | undefined): Node | undefined {
    if (candidate === undefined || !this.#descriptions.has(candidate)) return undefined;
    return sameShape(candidate.outputs[0].type.shape, node.outputs[0].type.shape) ? candidate : undefined;
  }

  take(node: Node): void {
    this.#alike.get(this.#descriptions.get(node)!)!.delete(node);
    this.#descriptions.delete(node);
  }

  #numberOf(origin: Value): number {
    const number = this.#numbers.get(origin) ?? this.#numbers.size;
    this.#numbers.set(origin, number);
    return number;
  }
}
