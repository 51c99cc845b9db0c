import { DiagnosticError, fromNumbers, type Graph, symbol, type Tensor } from "@millrace/ir";
import { add, operators, where } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { oneNode } from "../tflite/graphs.testing.ts";
import { allSteps, type EdgeArgument, type EdgeCall, isTensor } from "./edge-program.ts";
import { lowerEdge } from "./lower-edge.ts";
import { argumentsOf, kernelOf } from "./schema-arguments.ts";

const samples = [...operators.values()].flatMap((op) =>
  op.samples.map((sample) => ({ op, sample, name: `${op.name}: ${sample.name}` })),
);

function isOf(base: string, argument: EdgeArgument): boolean {
  if (base === "Tensor") return isTensor(argument);
  if (base === "bool") return typeof argument === "boolean";
  if (base === "str") return typeof argument === "string";
  if (base === "float" || base === "Scalar") return typeof argument === "number" || typeof argument === "boolean";
  return Number.isSafeInteger(argument);
}

/** What of a call does not fit its operator's schema. */
function misfits(call: EdgeCall): readonly string[] {
  kernelOf(call);
  return argumentsOf(call).flatMap(([{ name, type }, argument]) => {
    if (argument === null) return type.optional ? [] : [`${call.operator} needs ${name}`];
    const items = type.list ? (argument as readonly EdgeArgument[]) : [argument];
    const fits = items.every((item) => (item === null ? type.list?.optionalElements : isOf(type.base, item)));
    return fits ? [] : [`${call.operator}: ${name} is no ${type.base}`];
  });
}

/** The nodes that are refused of a graph. */
function refusedOf(graph: Graph): readonly string[] {
  try {
    lowerEdge(graph);
    return [];
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map(({ at }) => at?.node ?? "");
  }
}

const refused: string[] = [];

describe("every operator's samples become calls that fit their schemas, or are refused", () => {
  it.each(samples)("$name", ({ op, sample }) => {
    try {
      const { steps } = lowerEdge(oneNode(op, sample.inputs, sample.attributes, sample.quantizations));
      expect([...allSteps(steps)].flatMap((step) => ("operator" in step ? misfits(step) : []))).toEqual([]);
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      expect(error.diagnostics.map(({ code }) => code)).toContain("executorch.not-expressible");
      refused.push(op.name);
    }
  });

  it("refuses no more operators than have a reason", () => {
    const names = [...new Set(refused)].filter((name) => !name.startsWith("signal") && !name.startsWith("dynamic"));
    expect(names).toMatchInlineSnapshot(`
      [
        "transposeConv2d",
        "conv3d",
        "transposeConv3d",
        "svdf",
        "pad",
        "gatherBatched",
        "where",
        "unique",
        "shapeOf",
        "cast",
        "dequantize",
        "detectionPostprocess",
        "nonMaxSuppression",
      ]
    `);
  });
});

describe("a size that only the data decides", () => {
  it("is told of where it comes up, and not of each node behind", () => {
    const graph = oneNode(where, where.samples[0].inputs, { shape: [symbol("rows"), 2] });
    const [found] = graph.outputs;
    const sum = graph.addNode({ op: add, inputs: [found, found], attributes: { activation: "none" }, name: "behind" });
    graph.setOutputs(sum.outputs);
    expect(refusedOf(graph)).toEqual(["y"]);
  });
});

describe("what ExecuTorch's kernels compute differently", () => {
  const operatorsOf = (x: Tensor) => {
    const y = fromNumbers(x.dtype, x.shape, [-3, 3]);
    const { steps } = lowerEdge(oneNode(operators.get("floorMod")!, [x, y], {}));
    return steps.map((step) => ("operator" in step ? step.operator : undefined));
  };

  it("integers leave what the floor of their quotient does, as the kernel's remainder has the other sign", () => {
    expect(operatorsOf(fromNumbers("f32", [2], [5, -5]))).toEqual(["aten.remainder.Tensor"]);
    expect(operatorsOf(fromNumbers("i32", [2], [5, -5]))).toEqual([
      "aten.div.Tensor_mode",
      "aten.mul.Tensor",
      "aten.sub.Tensor",
    ]);
  });

  it.each(["u16", "u32", "u64"] as const)("%s is refused but where elements only move", (dtype) => {
    const x = fromNumbers(dtype, [2], [1, 2]);
    expect(() => lowerEdge(oneNode(operators.get("add")!, [x, x], { activation: "none" }))).toThrow(/unsigned/);
    expect(lowerEdge(oneNode(operators.get("reshape")!, [x], { shape: [2, 1] })).steps).toHaveLength(1);
  });

  it("a clamp without bounds is a copy, as the kernel wants one", () => {
    const attributes = { minimum: Number.NEGATIVE_INFINITY, maximum: Number.POSITIVE_INFINITY };
    const { steps } = lowerEdge(oneNode(operators.get("clamp")!, [fromNumbers("f32", [2], [5, -5])], attributes));
    expect(steps.map((step) => ("operator" in step ? step.operator : undefined))).toEqual(["aten.clone.default"]);
  });

  it("the greatest of no elements is refused", () => {
    const nothing = fromNumbers("f32", [2, 0], []);
    const attributes = { axes: [1], keepDims: false };
    expect(() => lowerEdge(oneNode(operators.get("reduceMax")!, [nothing], attributes))).toThrow(/no elements/);
  });
});
