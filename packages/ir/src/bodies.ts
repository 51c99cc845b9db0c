import { Graph } from "./graph.ts";
import type { Node } from "./node.ts";
import type { Attributes } from "./operator.ts";

/** How deep graphs may stand within graphs: more than any model needs, and little enough to be walked by recursion. */
export const deepestNesting = 32;

/** The graphs that an operator's attributes hold, by the attributes' names. Each belongs to one node alone. */
export function bodiesOf(attributes: Attributes): readonly (readonly [name: string, body: Graph])[] {
  for (const name in attributes) {
    if (attributes[name] instanceof Graph)
      return Object.entries(attributes).filter((entry): entry is [string, Graph] => entry[1] instanceof Graph);
  }
  return none;
}

/** What almost all nodes have, of which there are many. */
const none: readonly (readonly [name: string, body: Graph])[] = [];

/** The nodes of a graph and of all bodies within it; those of a body come before the node that holds it. */
export function* allNodes(graph: Graph): Generator<Node> {
  for (const node of graph.nodes()) {
    for (const [, body] of bodiesOf(node.attributes)) yield* allNodes(body);
    yield node;
  }
}
