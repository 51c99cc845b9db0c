import type { Graph } from "@millrace/ir";
import type { Pass } from "../pass.ts";
import { depthFirst } from "./depth-first.ts";
import { flowOf, greatest, liveBytes } from "./flow.ts";
import { searchOrder } from "./search-order.ts";

/**
 * Puts the nodes of a graph in the order in which the fewest bytes of values are alive at the worst moment, as far as it finds one that is better than the given
 * order. Runtimes that compute nodes in a file's order need that much less memory. Graphs with open sizes stay as they are.
 */
export const orderForMemory: Pass = {
  name: "order-for-memory",
  run(graph, { nested, report }) {
    const flow = flowOf(graph);
    if (flow === undefined) return 0;
    const peakOf = (order: readonly number[]) => greatest(liveBytes(flow, order));
    const given = [...flow.nodes.keys()];
    const [before, first] = [peakOf(given), depthFirst(flow)];
    const order = searchOrder(flow, peakOf(first) < before ? first : given);
    const after = peakOf(order);
    if (after >= before) return 0;
    for (const node of order) graph.moveNode(flow.nodes[node]);
    if (!nested) {
      const message = `the operators are computed in another order, in which ${after} bytes of activations are needed at once instead of ${before}`;
      report({ code: "memory.reordered", severity: "info", message });
    }
    return order.reduce((moved, node, at) => (node === at ? moved : moved + 1), 0);
  },
  examples: [
    {
      name: "two branches of which one leaves less than it needs",
      before: `
        input x: f32[1,4]
        a: f32[16,4] = tile(x) {repeats=[16,1]}
        b: f32[32,4] = tile(x) {repeats=[32,1]}
        c: f32[1,4] = mean(b) {axes=[0], keepDims=true}
        d: f32[16,4] = add(a, c) {activation=none}
        output d`,
      after: `
        input x: f32[1,4]
        b: f32[32,4] = tile(x) {repeats=[32,1]}
        c: f32[1,4] = mean(b) {axes=[0], keepDims=true}
        a: f32[16,4] = tile(x) {repeats=[16,1]}
        d: f32[16,4] = add(a, c) {activation=none}
        output d`,
    },
    {
      name: "a row of nodes",
      before: `
        input x: f32[4]
        a: f32[4] = neg(x)
        b: f32[4] = neg(a)
        output b`,
    },
  ],
};

/** The most bytes of values that are alive at once when a graph's nodes are computed in order; undefined where sizes are open. */
export function peakBytes(graph: Graph): number | undefined {
  const flow = flowOf(graph);
  return flow && greatest(liveBytes(flow, [...flow.nodes.keys()]));
}
