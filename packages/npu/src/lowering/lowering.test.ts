import { fromNumbers, Graph, type Operator, perTensor, type Tensor, type Value } from "@millrace/ir";
import { averagePool2d, conv2d, mean, quantize, reduceMax, resize } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { compileGraph, type Machine, machines, npuEngine } from "../index.ts";

const machine: Machine = {
  ...machines.imxrt700,
  processor: {
    ...machines.imxrt700.processor,
    element: 1e6,
    product: 1e6,
    depthwiseProduct: 1e6,
    quantizeElement: 1e6,
  },
};

const sizes = [3, 6, 5, 4];

function bytes(dtype: "i8" | "u8", shape: readonly number[]): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const least = dtype === "i8" ? -128 : 0;
  return fromNumbers(
    dtype,
    shape,
    Array.from({ length: count }, (_, at) => ((at * 89) % 256) + least),
  );
}

/** A graph of one node on three images. */
function graphOf(op: Operator, attributes: object, weights?: readonly number[], dtype: "i8" | "u8" = "i8"): Graph {
  const graph = new Graph("one");
  const x = graph.addInput("x", { dtype, shape: sizes, quantization: perTensor(0.05, 3) });
  const inputs: Value[] = [x];
  if (weights) inputs.push(graph.addConstant("w", bytes("i8", weights), perTensor(0.01, 0)));
  const [{ shape }] = op.infer(inputs, attributes as never);
  const isSame = op === averagePool2d || op === reduceMax || op === resize;
  const outputTypes = [{ dtype: "i8", shape, quantization: isSame ? perTensor(0.05, 3) : perTensor(0.1, -7) } as const];
  graph.setOutputs(graph.addNode({ op, inputs, attributes: attributes as never, outputTypes }).outputs);
  return graph;
}

const window = { stride: [1, 2], padding: [1, 0, 1, 1], layout: "last", activation: "none" };
const convolution = { ...window, dilation: [1, 1] };
const twice = { mode: "bilinear", size: [12, 10], nearestRounding: "floor", layout: "last" };

/** The greatest of rows of unsigned bytes, which become signed ones before. */
function signed(): Graph {
  const attributes = { dtype: "i8", scale: [0.1], zeroPoint: [-7], axis: 0, rounding: "away" };
  const graph = graphOf(quantize, attributes, undefined, "u8");
  const [bytes] = graph.outputs;
  const outputTypes = [{ ...bytes.type, shape: [3, 6, 4] }];
  const greatest = { op: reduceMax, inputs: [bytes], attributes: { axes: [2], keepDims: false }, outputTypes };
  graph.setOutputs(graph.addNode(greatest).outputs);
  return graph;
}

describe("the array", () => {
  test.each([
    ["convolutions of several images", graphOf(conv2d, { ...convolution, groups: 1 }, [5, 3, 3, 4])],
    ["depthwise ones", graphOf(conv2d, { ...convolution, groups: 4 }, [8, 3, 3, 1])],
    ["those in groups", graphOf(conv2d, { ...convolution, groups: 2 }, [6, 3, 3, 2])],
    ["pooling of several images", graphOf(averagePool2d, { ...window, kernel: [3, 2], countPadding: false })],
    ["means along axes with others between", graphOf(mean, { axes: [0, 2], keepDims: false })],
    ["the greatest along such axes", graphOf(reduceMax, { axes: [1, 3], keepDims: true })],
    ["images mixed by halves of pixels", graphOf(resize, { ...twice, coordinates: "halfPixel" })],
    ["images mixed from their corners", graphOf(resize, { ...twice, coordinates: "asymmetric" })],
    ["images with aligned corners", graphOf(resize, { ...twice, size: [11, 9], coordinates: "alignCorners" })],
    ["unsigned bytes made signed", signed()],
  ])("computes %s as the reference kernels do", async (_, graph) => {
    const { reasons } = compileGraph(graph, machine);
    expect([...reasons.values()]).toEqual([]);
    const [{ type }] = graph.inputs;
    const feeds = new Map([["x", bytes(type.dtype as "i8", sizes)]]);
    const expected = await (await referenceEngine().prepare(graph)).run(feeds);
    expect(await (await npuEngine(machine).prepare(graph)).run(feeds)).toEqual(expected);
  });

  test("enlarges images by the factors it has only", () => {
    const { reasons } = compileGraph(graphOf(resize, { ...twice, size: [9, 5], coordinates: "halfPixel" }), machine);
    expect([...reasons.values()]).toEqual(["it scales 6 x 5 to 9 x 5; the array enlarges by 1, 2, 4 or 8"]);
  });
});
