import { encodeTensor, type OnnxGraph, type OnnxNode } from "@millrace/formats/onnx";
import { describe, expect, it } from "vitest";
import {
  diagnosticsOf,
  floats,
  input,
  int,
  ints,
  longs,
  type ModelParts,
  node,
  operatorsOf,
  run,
} from "../model.testing.ts";

const truth = (name: string, value: boolean) =>
  encodeTensor(name, { dataType: "BOOL", dims: [], data: Uint8Array.of(value ? 1 : 0) });
const long = (name: string, value: number) =>
  encodeTensor(name, { dataType: "INT64", dims: [], data: BigInt64Array.of(BigInt(value)) });

function body(inputs: string, nodes: readonly OnnxNode[], outputs: string, dims: readonly number[] = []) {
  const graph: OnnxGraph = {
    name: "body",
    nodes,
    inputs: inputs === "" ? [] : inputs.split(" ").map((name) => ({ name })),
    outputs: outputs.split(" ").map((name) => input(name, dims)),
    initializers: [],
    sparseInitializers: [],
    valueInfos: [],
  };
  return { name: "body", type: 5, graph };
}

const doubling = [node("Add a a -> twice"), node("Identity goes -> going"), node("Add a step -> each")];

describe("loops", () => {
  const parts = (count: number, nodes = doubling, results = "last all"): ModelParts => ({
    inputs: [input("x", [2]), input("step", [2])],
    nodes: [node(`Loop count _ x -> ${results}`, body("at goes a", nodes, "going twice each", [2]))],
    initializers: [long("count", count)],
    outputs: ["all"],
  });

  it("are written out, with what they take from around them", () => {
    expect(run(parts(3), [1, 2], [10, 20])).toEqual({ shape: [3, 2], values: [11, 22, 12, 24, 14, 28] });
    expect(run({ ...parts(3), outputs: ["last"] }, [1, 2], [10, 20]).values).toEqual([8, 16]);
  });

  it("give nothing of the declared shape without a step", () => {
    expect(run({ ...parts(0), outputs: ["all"] }, [1, 2], [10, 20])).toEqual({ shape: [0, 2], values: [] });
    expect(run({ ...parts(0), outputs: ["last"] }, [1, 2], [10, 20]).values).toEqual([1, 2]);
  });

  it("end when their condition, which may follow from the count, does", () => {
    const counting = [...doubling.toSpliced(1, 1), node("Less at limit -> going")];
    const limited = { ...parts(100, counting), initializers: [long("count", 100), long("limit", 1)] };
    expect(run({ ...limited, outputs: ["last"] }, [1, 2], [10, 20]).values).toEqual([4, 8]);
    const never = {
      ...limited,
      nodes: [node("Loop count no x -> last all", body("at goes a", counting, "going twice each", [2]))],
    };
    never.initializers = [...limited.initializers, truth("no", false)];
    expect(run({ ...never, outputs: ["last"] }, [1, 2], [10, 20]).values).toEqual([1, 2]);
  });

  it("stay loops where the count or the condition is computed, or there are many steps", () => {
    const open = {
      ...parts(3, doubling, "last"),
      inputs: [...parts(3).inputs, input("count", [], 7)],
      initializers: [],
      outputs: ["last"],
    };
    expect(operatorsOf(open)).toEqual(["while"]);
    expect(run(open, [1, 2], [10, 20], [3]).values).toEqual([8, 16]);
    const until = [
      node("Add a step -> twice"),
      node("ReduceMax a -> greatest", int("keepdims", 0)),
      node("Less greatest bound -> going"),
      node("Identity a -> each"),
    ];
    const wild: ModelParts = { ...parts(30, until, "last"), outputs: ["last"] };
    const bounded = { ...wild, initializers: [...(wild.initializers ?? []), floats("bound", [], [40])] };
    expect(run(bounded, [1, 2], [10, 20]).values).toEqual([31, 62]);
    const { shape, values } = run(
      parts(5000, [node("Add a step -> twice"), node("Identity goes -> going"), node("Neg a -> each")]),
      [0, 0],
      [1, 2],
    );
    expect([shape, values.at(-1)]).toEqual([[5000, 2], -2 * 4999]);
  });

  it("are refused where what they collect has no known size", () => {
    const open = { ...parts(3), inputs: [...parts(3).inputs, input("count", [], 7)], initializers: [] };
    expect(diagnosticsOf(open)).toMatchObject([{ code: "onnx.unsupported-control-flow" }]);
  });
});

describe("branches", () => {
  const branchOf = (name: string, line: string, dims: readonly number[] = [2]) => ({
    ...body("", [node(line)], "result", dims),
    name,
  });
  const parts = (otherwise: string): ModelParts => ({
    inputs: [input("x", [2]), input("y", [2]), input("choice", [], 9)],
    nodes: [node("If choice -> z", branchOf("then_branch", "Add x y -> result"), branchOf("else_branch", otherwise))],
    outputs: ["z"],
  });

  it("are decided while the model runs where their condition is computed, with what they take from around them", () => {
    expect(operatorsOf(parts("Neg y -> result"))).toEqual(["if"]);
    expect(run(parts("Neg y -> result"), [1, 2], [10, 20], [1]).values).toEqual([11, 22]);
    expect(run(parts("Neg y -> result"), [1, 2], [10, 20], [0]).values).toEqual([-10, -20]);
  });

  it("are refused where they give different shapes", () => {
    const differing = parts("ReduceMax y -> result");
    expect(diagnosticsOf(differing)).toMatchObject([{ code: "onnx.unsupported-control-flow", at: { node: "z" } }]);
  });
});

describe("scans", () => {
  const summing = body("sum next", [node("Add sum next -> total"), node("Identity total -> each")], "total each");
  const parts = (dims: readonly number[], ...attributes: Parameters<typeof node>[1][]): ModelParts => ({
    inputs: [input("start", [2]), input("x", dims)],
    nodes: [node("Scan start x -> last all", summing, int("num_scan_inputs", 1), ...attributes)],
    outputs: ["all"],
  });

  it("go along any axis, both ways", () => {
    const along = [ints("scan_input_axes", -1), ints("scan_output_axes", 1)];
    expect(run(parts([2, 3], ...along), [0, 0], [1, 2, 4, 10, 20, 40])).toEqual({
      shape: [2, 3],
      values: [1, 3, 7, 10, 30, 70],
    });
    const backwards = [ints("scan_input_directions", 1), ints("scan_output_directions", 1)];
    expect(run(parts([2, 2], ...backwards), [0, 0], [1, 10, 2, 20]).values).toEqual([3, 30, 2, 20]);
  });

  it("had a batch with lengths before opset 9", () => {
    const batch: ModelParts = {
      inputs: [input("start", [2, 1]), input("x", [2, 3, 1])],
      nodes: [node("Scan lengths start x -> last all", summing, int("num_scan_inputs", 1))],
      initializers: [longs("lengths", 2, 3)],
      outputs: ["all"],
      opset: 8,
    };
    expect(run(batch, [0, 100], [1, 2, 4, 1, 2, 4])).toEqual({ shape: [2, 3, 1], values: [1, 3, 0, 101, 103, 107] });
    expect(run({ ...batch, outputs: ["last"] }, [0, 100], [1, 2, 4, 1, 2, 4]).values).toEqual([3, 107]);
  });
});
