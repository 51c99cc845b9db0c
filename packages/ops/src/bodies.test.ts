import {
  allNodes,
  bodiesOf,
  cloneGraph,
  DiagnosticError,
  equalGraphs,
  type Graph,
  parseGraph,
  printGraph,
  verify,
} from "@millrace/ir";
import { describe, expect, test } from "vitest";
import { evaluateBody } from "./evaluate-graph.ts";
import { f32 } from "./literal.ts";
import { operators } from "./registry.ts";

/** Doubles x until it is 10 or more, within a branch; keeps its result. */
const text = `graph nested
input c: bool[]
input x: f32[1]
input before: f32[1]
y: f32[1] = if(c, x) {whenTrue=graph "a loop" {
  input x: f32[1]
  z: f32[1] = while(x) {condition=graph small {
    input x: f32[1]
    constant limit: f32[1] = [10]
    less: bool[1] = less(x, limit)
    output less
  }, body=graph "graph" {
    input x: f32[1]
    y: f32[1] = add(x, x) {activation=none}
    output y
  }} named loop from [loop]
  output z
}, whenFalse=graph other {
  input x: f32[1]
  output x
}}
output y
output y as after
state before from after = [0.5]
`;

const nested = () => parseGraph(text, operators);
const loopIn = (graph: Graph) => [...allNodes(graph)].find(({ name }) => name === "loop")!;

describe("graphs within graphs", () => {
  test("come back from text with their states", () => {
    expect(printGraph(nested(), { constants: "full" })).toBe(text);
    expect(verify(nested())).toEqual([]);
    expect([...allNodes(nested())].map(({ op }) => op.name)).toEqual(["less", "add", "while", "if"]);
  });

  test("compute", () => {
    const [bool, x] = [{ dtype: "bool", shape: [], data: Uint8Array.of(1) } as const, f32([3])];
    expect(evaluateBody(nested(), [bool, x, x])[0].data).toEqual(Float32Array.of(12));
    expect(evaluateBody(nested(), [{ ...bool, data: Uint8Array.of(0) }, x, x])[0].data).toEqual(Float32Array.of(3));
  });

  test("are copied with their graph", () => {
    const graph = nested();
    const copy = cloneGraph(graph).graph;
    expect(equalGraphs(graph, copy)).toBeUndefined();
    const { attributes } = loopIn(copy);
    const [[, condition]] = bodiesOf(attributes);
    condition.rename(condition.inputs[0], "changed");
    expect(equalGraphs(graph, nested())).toBeUndefined();
    expect(equalGraphs(graph, copy)).toBe("input 0 is x here and changed there");
  });

  test.each([
    ["[10]", "[11]", "element 0 of limit is 10 here and 11 there"],
    ["[0.5]", "[0.25]", "element 0 of before is 0.5 here and 0.25 there"],
    [" = [0.5]", "", "the state before starts with a tensor here and undefined there"],
    ["state before from after", "state x from y", "a state is before from after here and x from y there"],
  ])("differ where %j is %j", (from, to, difference) => {
    expect(equalGraphs(nested(), parseGraph(text.replace(from, to), operators))).toBe(difference);
  });

  test.each([
    ["less: bool[1] = less(x, limit)", "less: bool[2] = less(x, limit)", "gives bool[1]"],
    ["input x: f32[1]\n  output x", "input x: f32[2]\n  output x", "an input for each value, of its type"],
    ["output less", "output less\n    output less", "the condition gives one truth value"],
    ["output z", "output z\n  output z", "both bodies give results of the same types"],
    ["    y: f32[1] = add(x, x) {activation=none}\n    output y", "", "the body gives values of the types it takes"],
    ["state before from after", "state before from later", "links no input and output"],
    ["  output less", "  output less\n  state x from less", "belongs to a body, which keeps nothing"],
  ])("are unsound where %j is %j", (from, to, problem) => {
    const messages = verify(parseGraph(text.replace(from, to), operators)).map(({ message }) => message);
    expect(messages.join("\n")).toContain(problem);
  });

  test("belong to one node each", () => {
    const graph = nested();
    const [node] = graph.nodes();
    const { whenTrue } = node.attributes;
    graph.setAttributes(node, { whenTrue, whenFalse: whenTrue });
    expect(verify(graph).map(({ message }) => message)).toEqual([
      "whenFalse of y is a graph that stands elsewhere too.",
    ]);
  });

  test("stand only so deep in each other", () => {
    const within = (depth: number): string =>
      depth === 0 ? "" : `y: f32[1] = while(x) {body=graph b {\ninput x: f32[1]\n${within(depth - 1)}}}\n`;
    expect(parseGraph(`graph g\ninput x: f32[1]\n${within(32)}`, operators).size).toBe(1);
    expect(() => parseGraph(`graph g\ninput x: f32[1]\n${within(33)}`, operators)).toThrow(DiagnosticError);
    expect(() => parseGraph(text.slice(0, text.indexOf("  output z")), operators)).toThrow(DiagnosticError);
  });
});
