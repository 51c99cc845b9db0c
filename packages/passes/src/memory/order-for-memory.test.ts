import { type Graph, type Value, verify } from "@millrace/ir";
import { concat, neg, slice } from "@millrace/ops";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { runPasses } from "../pass.ts";
import { expectClose, resultsOf, runChecked } from "../testing.ts";
import { NetworkBuilder } from "../testing-graphs.ts";
import { buildNetwork, everyKind, networkPlans } from "../testing-networks.ts";
import { flowOf, greatest, liveBytes } from "./flow.ts";
import { orderForMemory, peakBytes } from "./order-for-memory.ts";
import { searchOrder } from "./search-order.ts";

/** A network whose nodes each join some values and cut the result to a size. */
function joins(plan: readonly (readonly [readonly number[], number])[]): Graph {
  const n = new NetworkBuilder();
  const values: Value[] = [n.input("x", [3])];
  for (const [picks, size] of plan) {
    const parts = picks.map((pick) => values[pick % values.length]);
    const whole = n.node(
      concat,
      Array.from({ length: size }, (_, index) => parts[index % parts.length]),
      { axis: 0 },
    );
    values.push(whole);
  }
  const unread = values.filter(({ uses }) => uses.size === 0);
  return n.finish(...(unread.length > 0 ? unread : [values[0]]));
}

const plans = fc.array(fc.tuple(fc.array(fc.nat(7), { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 6 })), {
  minLength: 1,
  maxLength: 7,
});

/** The least peak of all orders. */
function leastPeak(graph: Graph): number {
  const flow = flowOf(graph)!;
  const before = flow.reads.map((values) =>
    values.flatMap((value) => flow.writes.findIndex((made) => made.includes(value))),
  );
  let least = Number.POSITIVE_INFINITY;
  const extend = (order: readonly number[]) => {
    if (order.length === flow.nodes.length) least = Math.min(least, greatest(liveBytes(flow, order)));
    for (const node of flow.nodes.keys())
      if (!order.includes(node) && before[node].every((made) => made < 0 || order.includes(made)))
        extend([...order, node]);
  };
  extend([]);
  return least;
}

test("small graphs get the order of all that needs least memory", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      const graph = joins(plan);
      const least = leastPeak(graph);
      runPasses(graph, [orderForMemory]);
      expect(verify(graph)).toEqual([]);
      expect(peakBytes(graph)).toBe(least);
    }),
    { numRuns: 300, seed: 1 },
  );
});

test("any network computes the same in no more memory", () => {
  fc.assert(
    fc.property(networkPlans(everyKind, 14), (plan) => {
      const graph = buildNetwork(plan);
      const before = peakBytes(graph);
      const { changes, diagnostics } = runChecked(graph, [orderForMemory]);
      if (before === undefined) return;
      expect(peakBytes(graph)! < before).toBe(changes["order-for-memory"] > 0);
      expect(peakBytes(graph)).toBeLessThanOrEqual(before);
      expect(diagnostics.map(({ code }) => code)).toEqual(changes["order-for-memory"] > 0 ? ["memory.reordered"] : []);
    }),
    { numRuns: 100, seed: 1 },
  );
});

/** Many branches from one value, each of which grows and shrinks, written step by step side by side. */
function branches(count: number): Graph {
  const n = new NetworkBuilder();
  const x = n.input("x", [4]);
  const grown = Array.from({ length: count }, () =>
    n.node(
      concat,
      Array.from({ length: 8 }, () => x),
      { axis: 0 },
    ),
  );
  const steps = grown.map((value) => n.node(neg, [value], {}));
  const cut = steps.map((value) => n.node(slice, [value], { starts: [0], sizes: [1], steps: [1] }));
  return n.finish(n.concat(cut, 0));
}

test("branches are computed one after the other, however many there are", () => {
  for (const count of [3, 40, 400]) {
    const graph = branches(count);
    const before = resultsOf(graph);
    runPasses(graph, [orderForMemory]);
    expect(peakBytes(graph)).toBe(Math.max(4 * count + 264, 8 * count));
    expectClose(resultsOf(graph), before);
  }
});

test("the search is exact within a part and leaves an order that can't be better", () => {
  const graph = branches(5);
  runPasses(graph, [orderForMemory]);
  const flow = flowOf(graph)!;
  const given = [...flow.nodes.keys()];
  expect(searchOrder(flow, given)).toEqual(given);
});
