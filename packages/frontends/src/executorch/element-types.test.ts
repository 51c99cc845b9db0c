import { readPte } from "@millrace/formats/pte";
import { DiagnosticError, type DType, fromNumbers, Graph, isFloat, numbersOf, type Tensor } from "@millrace/ir";
import { concat, neg, operators } from "@millrace/ops";
import { exportPte, scalarTypeNames } from "@millrace/targets/executorch";
import { describe, expect, it } from "vitest";
import { oneNode, resultsOf } from "../../../targets/src/tflite/graphs.testing.ts";
import { importExecutorch } from "./import.ts";

function throughFile(graph: Graph): Graph {
  return importExecutorch(readPte(exportPte(graph).bytes)).graph;
}

function codesOf(action: () => unknown): readonly (string | undefined)[] {
  try {
    action();
    return [];
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map(({ code, at }) => `${code} ${at?.node}`);
  }
}

/** An input before a constant and itself. */
function joined(x: Tensor): Graph {
  const graph = new Graph("joined");
  const input = graph.addInput("x", { dtype: x.dtype, shape: x.shape });
  const constant = graph.addConstant("c", x);
  const node = graph.addNode({ op: concat, inputs: [input, constant, input], attributes: { axis: 0 }, name: "y" });
  graph.setOutputs(node.outputs);
  return graph;
}

describe("tensors in ExecuTorch programs", () => {
  const types: readonly DType[] = ["u8", "i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64", "bool"];
  it.each(types)("are inputs, constants and outputs of %s, and reals become float32 when they are read", (dtype) => {
    const x = fromNumbers(dtype, [2, 2], [0, 1, 1, 0]);
    const { values } = readPte(exportPte(joined(x)).bytes).methods[0];
    const stored = values.flatMap((value) => (value.kind === "Tensor" ? [value.scalarType] : []));
    expect(new Set(stored)).toEqual(new Set([scalarTypeNames[dtype as keyof typeof scalarTypeNames]]));
    const read = throughFile(joined(x));
    const asRead = isFloat(dtype) ? "f32" : dtype;
    expect([read.inputs[0].type, read.outputs[0].type]).toEqual([
      { dtype: asRead, shape: [2, 2] },
      { dtype: asRead, shape: [6, 2] },
    ]);
    const [y] = resultsOf(read, fromNumbers(asRead, [2, 2], [0, 1, 1, 0]));
    expect(Array.from(numbersOf(y))).toEqual([0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0]);
  });

  it.each(["u16", "u32", "u64"] as const)("are refused with the node where no kernel takes %s", (dtype) => {
    const x = fromNumbers(dtype, [2, 2], [0, 1, 1, 0]);
    expect(codesOf(() => throughFile(joined(x)))).toEqual(["executorch.not-expressible y"]);
  });

  it.each([{ shape: [] }, { shape: [0, 3] }, { shape: [1] }])("have the shape $shape", ({ shape }) => {
    const x = fromNumbers("f32", shape, new Array(shape.reduce((a, b) => a * b, 1)).fill(2));
    const read = throughFile(oneNode(neg, [x], {}));
    const [y] = resultsOf(read, x);
    expect(y.shape).toEqual(shape);
    expect(Array.from(numbersOf(y))).toEqual(Array.from(numbersOf(x), (number) => -number));
  });

  it("are constants without elements", () => {
    const x = fromNumbers("f32", [0, 3], []);
    expect(resultsOf(throughFile(joined(x)), x)[0].shape).toEqual([0, 3]);
  });
});

describe("element types that a kernel does not take", () => {
  it.each(["u8", "i8", "i16"] as const)("become ones that it takes: places in %s", (dtype) => {
    const data = fromNumbers("f32", [3], [5, 6, 7]);
    const graph = oneNode(operators.get("gather")!, [data, fromNumbers(dtype, [2], [2, 0])], { axis: 0 });
    const { edge } = exportPte(graph);
    expect(edge.steps.map((step) => ("operator" in step ? step.operator : ""))).toEqual([
      "dim_order_ops._to_dim_order_copy.default",
      "aten.index.Tensor",
    ]);
    expect(Array.from(numbersOf(resultsOf(throughFile(graph), data)[0]))).toEqual([7, 5]);
  });

  it("become ones that it takes, and the results what they were: the greatest of truth values", () => {
    const x = fromNumbers("bool", [3], [0, 1, 0]);
    const graph = oneNode(operators.get("argMax")!, [x], { axis: 0, keepDims: false, to: "i64" });
    expect(Array.from(numbersOf(resultsOf(throughFile(graph), x)[0]))).toEqual([1]);
  });

  it("are told with the layer", () => {
    const x = fromNumbers("i32", [4], [1, 2, 3, 5]);
    const graph = oneNode(operators.get("softmax")!, [x], { axis: 0, beta: 1 });
    expect(codesOf(() => exportPte(graph))).toEqual(["executorch.element-type y"]);
  });
});
