import { describe, expect, test } from "vitest";
import { Graph } from "./graph.ts";
import type { Node, Value } from "./node.ts";
import type { Operator } from "./operator.ts";
import { fromNumbers } from "./tensor.ts";
import { verify } from "./verify.ts";

/** Adds one to sizes that are numbers; accepts an attribute that is 1. */
const grow: Operator = {
  name: "grow",
  inputs: [{ name: "x", arity: "one" }],
  attributes: {},
  quantization: { kind: "free" },
  infer: ([x]) => [
    { dtype: x!.type.dtype, shape: x!.type.shape.map((size) => (typeof size === "number" ? size + 1 : size)) },
  ],
  check: (_, { one }) => (one === 1 ? [] : ["attribute one must be 1"]),
  cost: () => ({ macs: 0 }),
  transposed: () => undefined,
  samples: [],
};

interface Parts {
  readonly graph: Graph;
  readonly x: Value;
  readonly first: Node;
  readonly second: Node;
  readonly constant: Value;
}

function build(): Parts {
  const graph = new Graph("g");
  const x = graph.addInput("x", { dtype: "i8", shape: [1, "N"] });
  const first = graph.addNode({ op: grow, inputs: [x], attributes: { one: 1 }, name: "first" });
  const second = graph.addNode({ op: grow, inputs: [first.outputs[0]], attributes: { one: 1 }, name: "second" });
  const constant = graph.addConstant("c", fromNumbers("i8", [2, 3], [1, 2, 3, 4, 5, 6]));
  graph.addNode({ op: grow, inputs: [constant], attributes: { one: 1 }, name: "third" });
  graph.setOutputs([second.outputs[0], x, x]);
  return { graph, x, first, second, constant };
}

const retype = (value: Value, type: object) => Object.assign(value, { type: { ...value.type, ...type } });
const quantized = (dtype: string, scale: number[], zeroPoint: number[], axis?: number, block?: number) => ({
  dtype,
  quantization: { scale, zeroPoint, ...(axis !== undefined && { axis }), ...(block !== undefined && { block }) },
});

/** Ways to break a sound graph behind its back, and what is to be found then. */
const faults: [string, (parts: Parts) => void, string, string][] = [
  [
    "a wrong attribute",
    ({ graph, first }) => graph.setAttributes(first, { one: 2 }),
    "node",
    "attribute one must be 1",
  ],
  [
    "another element type",
    ({ first }) => retype(first.outputs[0], { dtype: "i16" }),
    "type",
    "first (grow) gives i8[2,N]",
  ],
  ["another size", ({ second }) => retype(second.outputs[0], { shape: [9, "N"] }), "type", "is i8[9,N], but second"],
  ["another rank", ({ second }) => retype(second.outputs[0], { shape: [3] }), "type", "gives i8[3,N]"],
  ["no such element type", ({ x }) => retype(x, { dtype: "i9" }), "type", "the element type i9"],
  ["a negative size", ({ x }) => retype(x, { shape: [-1] }), "type", "sizes are not all counts"],
  ["data of another shape", ({ constant }) => retype(constant, { shape: [3, 2] }), "constant", "its data i8[2,3]"],
  [
    "data of another length",
    ({ constant }) => Object.assign(constant.constant!, { data: new Int8Array(5) }),
    "constant",
    "Int8Array of 5 can't hold",
  ],
  ["quantized reals", ({ x }) => retype(x, quantized("f32", [1], [0])), "quantization", "f32 is no integer type"],
  ["a scale of 0", ({ x }) => retype(x, quantized("i8", [0], [0])), "quantization", "positive and finite"],
  ["an endless scale", ({ x }) => retype(x, quantized("i8", [Infinity], [0])), "quantization", "positive and finite"],
  [
    "a zero point out of range",
    ({ x }) => retype(x, quantized("i8", [1], [200])),
    "quantization",
    "not every zero point",
  ],
  ["a broken zero point", ({ x }) => retype(x, quantized("i8", [1], [0.5])), "quantization", "not every zero point"],
  ["too many zero points", ({ x }) => retype(x, quantized("i8", [1], [0, 0])), "quantization", "but 2 zero points"],
  [
    "scales without an axis",
    ({ x }) => retype(x, quantized("i8", [1, 1], [0, 0])),
    "quantization",
    "no axis they belong to",
  ],
  [
    "too few scales",
    ({ constant }) => retype(constant, quantized("i8", [1], [0], 1)),
    "quantization",
    "for the 3 indices of axis 1",
  ],
  [
    "an axis too many",
    ({ x }) => retype(x, quantized("i8", [1], [0], 2)),
    "quantization",
    "axis 2 of the quantization",
  ],
  [
    "too few scales of blocks",
    ({ constant }) => retype(constant, quantized("i8", [1, 1], [0, 0], 1, 1)),
    "quantization",
    "for the 6 blocks of axis 1",
  ],
  [
    "blocks that fill no axis",
    ({ constant }) => retype(constant, quantized("i8", [1, 1], [0, 0], 1, 2)),
    "quantization",
    "axis 1 in blocks of 2 of the quantization is none",
  ],
  [
    "blocks of nothing",
    ({ constant }) => retype(constant, quantized("i8", [], [], 1, 0)),
    "quantization",
    "axis 1 in blocks of 0 of the quantization is none",
  ],
  [
    "a name twice",
    ({ first }) => Object.assign(first.outputs[0], { name: "x" }),
    "name",
    "Several values are called x",
  ],
  ["a name missing", ({ graph }) => graph.outputNames.pop(), "output-names", "3 outputs, but 2 names"],
  [
    "no value at an output",
    ({ graph }) => graph.setInput(graph.results, 1, undefined),
    "output",
    "Output 1 has no value",
  ],
  [
    "reading what comes later",
    ({ graph, first, second }) => graph.setInput(first, 0, second.outputs[0]),
    "order",
    "before anything has made it",
  ],
  [
    "reading another graph's value",
    ({ graph, second }) => graph.setInput(second, 0, build().x),
    "order",
    "second reads x before anything has made it",
  ],
  [
    "a use too many",
    ({ x, second }) => (x.uses as Set<object>).add({ user: second, index: 0 }),
    "use",
    "a use by second that is not there",
  ],
  ["a use lost", ({ x }) => (x.uses as Set<object>).clear(), "use", "read in 3 places, but lists 0"],
  [
    "a use counted twice",
    ({ x, first }) => {
      const [use] = [...x.uses].filter(({ user }) => user !== first);
      (x.uses as Set<object>).delete(use);
      (x.uses as Set<object>).add({ user: first, index: 0 });
    },
    "use",
    "read in 3 places, but lists 2",
  ],
  [
    "a strange producer",
    ({ first, second }) => Object.assign(first.outputs[0], { producer: second }),
    "use",
    "names another producer",
  ],
  [
    "results lost",
    ({ first }) => (first.outputs as Value[]).push({ ...first.outputs[0], name: "more", uses: new Set() }),
    "type",
    "has 2 results where there should be 1",
  ],
];

describe("verify", () => {
  test("finds nothing wrong with a sound graph, before and after edits", () => {
    const { graph, x, first, second } = build();
    expect(verify(graph)).toEqual([]);
    graph.setInput(second, 0, x);
    graph.removeNode(first);
    graph.setType(second.outputs[0], {
      dtype: "i8",
      shape: ["M", "N"],
      quantization: { scale: [1], zeroPoint: [-128] },
    });
    expect(verify(graph)).toEqual([]);
    expect(verify(new Graph("empty"))).toEqual([]);
  });

  test.each(faults)("finds %s", (_, harm, code, message) => {
    const parts = build();
    harm(parts);
    const found = verify(parts.graph);
    expect(found.map((item) => item.code)).toContain(`graph.${code}`);
    expect(found.map((item) => item.message).join("\n")).toContain(message);
    expect(found.every((item) => item.severity === "error" && item.hint)).toBe(true);
  });

  test("ends on a list of nodes that loops", () => {
    const { graph, first, second } = build();
    Object.assign(second, { next: first });
    expect(verify(graph).map(({ code }) => code)).toContain("graph.order");
  });
});
