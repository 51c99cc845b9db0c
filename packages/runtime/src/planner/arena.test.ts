import { Graph, type ValueType } from "@millrace/ir";
import { maximum, sin } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { activationsOf, arenaOf } from "./arena.ts";
import { verifyPlan } from "./verify-plan.ts";

const type: ValueType = { dtype: "f32", shape: [25] };

/** x → a → b → c, and the maximum of c and a: a stays alive over b and c. */
function residual(shape: ValueType["shape"] = [25]): Graph {
  const graph = new Graph("residual");
  const x = graph.addInput("x", { ...type, shape });
  const step = (name: string, input: typeof x) =>
    graph.addNode({ op: sin, name, inputs: [input], attributes: {} }).outputs[0];
  const a = step("a", x);
  const c = step("c", step("b", a));
  graph.setOutputs(graph.addNode({ op: maximum, name: "y", inputs: [c, a], attributes: {} }).outputs);
  return graph;
}

describe("the arena of a graph", () => {
  it("keeps a value from the node that gives it to the last that reads it", () => {
    const lives = [...activationsOf(residual())].map(([{ name }, { start, end, size }]) => [name, start, end, size]);
    expect(lives).toEqual([
      ["x", 0, 2, 100],
      ["a", 1, 5, 100],
      ["b", 2, 4, 100],
      ["c", 3, 5, 100],
      ["y", 4, 6, 100],
    ]);
  });

  it("is as small as three values that live together, at multiples of 16", () => {
    const { buffers, plan } = arenaOf(residual());
    verifyPlan([...buffers.values()], plan, 16);
    expect(plan).toMatchObject({ arenaBytes: 2 * 112 + 100, optimal: true });
  });

  it("is refused while a dimension is open", () => {
    expect(() => arenaOf(residual(["N", 25]))).toThrow("plan.symbolic-shape");
  });
});
