import { describe, expect, it } from "vitest";
import { node } from "./model.testing.ts";
import { orderNodes } from "./order.ts";

const [a, b, c] = [node("Relu x -> a"), node("Relu a -> b"), node("Add a b -> c")];

describe("orderNodes", () => {
  it("keeps an order that is right", () => {
    expect(orderNodes([a, b, c])).toMatchObject({ nodes: [a, b, c], wasOrdered: true, cycle: [] });
  });

  it("puts producers before readers", () => {
    expect(orderNodes([c, b, a])).toMatchObject({ nodes: [a, b, c], wasOrdered: false, stuck: [] });
  });

  it("counts what a subgraph takes from around it", () => {
    const graph = {
      name: "then",
      nodes: [node("Neg a -> inner")],
      inputs: [],
      outputs: [{ name: "inner" }],
      initializers: [],
      sparseInitializers: [],
      valueInfos: [],
    };
    const branch = node("If condition -> d", { name: "then_branch", type: 5, graph });
    expect(orderNodes([branch, a]).nodes).toEqual([a, branch]);
  });

  it("names the nodes of a cycle, and sets aside what depends on it", () => {
    const first = node("Add x back -> forth");
    const second = node("Relu forth -> back");
    const after = node("Relu back -> after");
    const { nodes, stuck, cycle } = orderNodes([after, first, second, a]);
    expect(nodes).toEqual([a]);
    expect(stuck).toEqual([after, first, second]);
    expect(new Set(cycle)).toEqual(new Set([first, second]));
  });

  it("sorts a hundred thousand reversed nodes quickly", () => {
    const chain = Array.from({ length: 100_000 }, (_, index) => node(`Relu v${index} -> v${index + 1}`)).reverse();
    const start = performance.now();
    expect(orderNodes(chain).nodes[0].inputs).toEqual(["v0"]);
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});
