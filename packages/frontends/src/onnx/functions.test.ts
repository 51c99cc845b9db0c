import type { OnnxAttribute, OnnxFunction, OnnxGraph, OnnxNode } from "@millrace/formats/onnx";
import { describe, expect, it } from "vitest";
import { importOnnx } from "./import.ts";
import { diagnosticsOf, float, floats, input, model, node, run } from "./model.testing.ts";

const inputs = [input("x", [3])];

function definition(
  name: string,
  signature: string,
  nodes: readonly OnnxNode[],
  rest: Partial<OnnxFunction> = {},
): OnnxFunction {
  const [left, right] = signature.split("->");
  return {
    name,
    domain: "local",
    inputs: left.trim().split(" "),
    outputs: right.trim().split(" "),
    attributes: [],
    attributeProtos: [],
    nodes,
    opsetImports: [{ domain: "", version: 17 }],
    ...rest,
  };
}

const call = (line: string, ...attributes: OnnxAttribute[]) => ({ ...node(line, ...attributes), domain: "local" });
const reference = (name: string, refAttrName: string): OnnxAttribute => ({ name, type: 1, refAttrName });

describe("model-local functions", () => {
  const scaled = definition("Leaky", "a -> b", [node("LeakyRelu a -> b", reference("alpha", "slope"))], {
    attributeProtos: [float("slope", 0.5)],
  });

  it("take the caller's attributes, or the function's defaults", () => {
    const parts = { inputs, nodes: [call("Leaky x -> y")], outputs: ["y"], functions: [scaled] };
    expect(run(parts, [-2, 0, 2]).values).toEqual([-1, 0, 2]);
    expect(run({ ...parts, nodes: [call("Leaky x -> y", float("slope", 2))] }, [-2, 0, 2]).values).toEqual([-4, 0, 2]);
  });

  it("leave out an attribute that refers to one not given", () => {
    const open = definition("Leaky", "a -> b", [node("LeakyRelu a -> b", reference("alpha", "slope"))], {
      attributes: ["slope"],
    });
    const parts = { inputs, nodes: [call("Leaky x -> y")], outputs: ["y"], functions: [open] };
    expect(run(parts, [-100, 0, 2]).values).toEqual([-1, 0, 2]);
  });

  it("call each other, keep names apart and give results their callers' names", () => {
    const inner = definition("Inner", "a -> b", [node("Neg a -> t"), node("Relu t -> b")]);
    const outer = definition("Outer", "a -> b", [call("Inner a -> t"), call("Inner t -> u"), node("Add t u -> b")]);
    const nodes = [{ ...call("Outer x -> y"), name: "top" }];
    const { graph } = importOnnx(model({ inputs, nodes, outputs: ["y"], functions: [outer, inner] }));
    expect([...graph.nodes()].map(({ outputs: [value] }) => value.name)).toEqual([
      "top/t/t",
      "top/t",
      "top/u/t",
      "top/u",
      "y",
    ]);
    expect(run({ inputs, nodes, outputs: ["y"], functions: [outer, inner] }, [-1, 0, 2]).values).toEqual([1, 0, 0]);
  });

  it("are told apart by their overload, and may leave inputs out", () => {
    const overloads = ["", "less"].map((overload) =>
      definition("Bound", "a low high -> b", [node(overload ? "Clip a _ high -> b" : "Clip a low high -> b")], {
        overload,
      }),
    );
    const initializers = [floats("low", [], [0]), floats("high", [], [1])];
    const parts = { inputs, outputs: ["y"], functions: overloads, initializers };
    expect(run({ ...parts, nodes: [call("Bound x low -> y")] }, [-2, 0, 2]).values).toEqual([0, 0, 2]);
    expect(
      run({ ...parts, nodes: [{ ...call("Bound x low high -> y"), overload: "less" }] }, [-2, 0, 2]).values,
    ).toEqual([-2, 0, 1]);
  });

  it("may not call themselves, nor grow without end", () => {
    const circular = ["A", "B"].map((name, index) => definition(name, "a -> b", [call(`${index ? "A" : "B"} a -> b`)]));
    expect(diagnosticsOf({ inputs, nodes: [call("A x -> y")], outputs: ["y"], functions: circular })).toMatchObject([
      { code: "onnx.recursive-function" },
    ]);
    const doubling = Array.from({ length: 40 }, (_, level) =>
      definition(
        `F${level}`,
        "a -> b",
        [0, 1, 2, 3].map((at) => call(`F${level + 1} ${at ? `t${at}` : "a"} -> ${at === 3 ? "b" : `t${at + 1}`}`)),
      ),
    );
    const last = definition("F40", "a -> b", [node("Relu a -> b")]);
    const found = diagnosticsOf({ inputs, nodes: [call("F0 x -> y")], outputs: ["y"], functions: [...doubling, last] });
    expect(new Set(found.map(({ code }) => code))).toEqual(new Set(["onnx.too-large"]));
  });

  it("report what they hold that is not supported at each call", () => {
    const strange = definition("Strange", "a -> b", [node("StringNormalizer a -> b")]);
    const nodes = [call("Strange x -> t"), call("Strange t -> y")];
    const found = diagnosticsOf({ inputs, nodes, outputs: ["y"], functions: [strange] });
    expect(found.map(({ at }) => at?.value)).toEqual(["t", "y"]);
  });
});

describe("branches", () => {
  const branch = (line: string): OnnxGraph => ({
    name: "branch",
    nodes: [node(line)],
    inputs: [],
    outputs: [{ name: "result" }],
    initializers: [floats("offset", [], [10])],
    sparseInitializers: [],
    valueInfos: [],
  });
  const conditional = node(
    "If condition -> y",
    { name: "then_branch", type: 5, graph: branch("Add x offset -> result") },
    { name: "else_branch", type: 5, graph: branch("Sub x offset -> result") },
  );

  it("are written out where their condition is a constant", () => {
    const parts = (rank: number) => ({
      inputs,
      nodes: [
        node("Shape x -> shape"),
        node("Equal shape size -> equal"),
        node("Squeeze equal -> condition"),
        conditional,
      ],
      outputs: ["y"],
      initializers: [{ name: "size", dims: [1], dataType: 7, int64Data: BigInt64Array.of(BigInt(rank)) }],
    });
    expect(run(parts(3), [1, 2, 3]).values).toEqual([11, 12, 13]);
    expect(run(parts(4), [1, 2, 3]).values).toEqual([-9, -8, -7]);
  });
});
