import { readTflite } from "@millrace/formats/tflite";
import { importTflite } from "@millrace/frontends/tflite";
import { type Attributes, type DiagnosticError, Graph, type Operator, type Tensor, type Value } from "@millrace/ir";
import * as ops from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, it } from "vitest";
import { exportTflite } from "./export.ts";
import { randomTensor } from "./graphs.testing.ts";

const window = {
  stride: [1, 1],
  dilation: [1, 1],
  padding: [2, 0, 0, 1],
  groups: 1,
  layout: "last",
  activation: "none",
};

/** Each node reads the one before; constants stand after the operator. */
type Step = readonly [op: Operator, attributes: Attributes, ...constants: Tensor[]];

function chain(shape: readonly (number | string)[], ...steps: readonly Step[]): Graph {
  const graph = new Graph("chain");
  let value: Value = graph.addInput("x", { dtype: "f32", shape });
  for (const [index, [op, attributes, ...constants]] of steps.entries()) {
    const operands = constants.map((tensor, at) => graph.addConstant(`c${index}_${at}`, tensor));
    [value] = graph.addNode({ op, attributes, inputs: [value, ...operands], name: `step${index}` }).outputs;
  }
  graph.setOutputs([value]);
  return graph;
}

const opened = (graph: Graph) => importTflite(readTflite(exportTflite(graph).bytes), { open: true }).graph;

const image = ["N", 4, 4, 2];
const networks: readonly (readonly [name: string, graph: () => Graph])[] = [
  [
    "a convolution with odd padding, flattened for a layer",
    () =>
      chain(
        image,
        [ops.conv2d, window, randomTensor([3, 3, 2, 2])],
        [ops.reshape, { shape: ["N", 48] }],
        [ops.linear, { activation: "none" }, randomTensor([5, 48])],
        [ops.softmax, { axis: 1, beta: 1 }],
      ),
  ],
  ["a batch joined with another axis", () => chain(image, [ops.reshape, { shape: ["16*N", 2] }], [ops.neg, {}])],
  [
    "a part of each entry, from a known place to the last",
    () => chain(image, [ops.slice, { starts: [0, 1, 0, 1], sizes: ["N", 3, 2, 1], steps: [1, 1, 2, 1] }]),
  ],
  [
    "entries with an axis repeated",
    () => chain(["N", 1, 3], [ops.expand, { shape: ["N", 4, 3] }], [ops.sum, { axes: [1], keepDims: true }]),
  ],
  [
    "edges repeated, and a clamp of unusual bounds",
    () =>
      chain(
        image,
        [ops.pad, { before: [0, 1, 0, 0], after: [0, 0, 2, 0], mode: "edge", value: 0 }],
        [ops.clamp, { minimum: -0.5, maximum: 0.25 }],
      ),
  ],
];

describe("a file with an open batch", () => {
  it.each(networks)("comes back as it was: %s", async (_, make) => {
    const graph = make();
    const { model } = exportTflite(graph);
    const [input] = model.subgraphs[0].inputs;
    expect(model.subgraphs[0].tensors[input].shapeSignature?.[0]).toBe(-1);
    const again = opened(graph);
    const sizes = graph.inputs[0].type.shape.slice(1) as number[];
    expect(again.inputs[0].type.shape).toEqual(["batch", ...sizes]);
    for (const count of [1, 3]) {
      const x = randomTensor([count, ...sizes]);
      const [expected, got] = [await computed(graph, x), await computed(again, x)];
      expect(got.shape).toEqual(expected.shape);
      expect(Array.from(got.data as Float32Array)).toEqual(
        Array.from(expected.data as Float32Array, (number) => expect.closeTo(number, 5)),
      );
    }
  });

  it("has the shapes of a batch of one, where runtimes that don't resize look", () => {
    const { tensors } = exportTflite(networks[1][1]()).model.subgraphs[0];
    expect(tensors.map(({ shape }) => shape)).toContainEqual([16, 2]);
    expect(tensors.map(({ shapeSignature }) => shapeSignature)).toContainEqual([-1, 2]);
  });
});

async function computed(graph: Graph, x: Tensor): Promise<Tensor> {
  const results = await (await referenceEngine().prepare(graph)).run(new Map([["x", x]]));
  return results.get(graph.outputs[0].name)!;
}

const refused: readonly (readonly [reason: string, graph: () => Graph])[] = [
  ["one open size at most", () => chain(["N", 6, "M"], [ops.reshape, { shape: ["N", 2, 3, "M"] }])],
  ["no axis is repeated", () => chain([1, 3], [ops.expand, { shape: ["N", 3] }])],
  [
    "from a known one to the last",
    () => chain(["2*N", 3], [ops.slice, { starts: [0, 0], sizes: ["N", 3], steps: [1, 1] }]),
  ],
  ["one of at least 1", () => chain(["N", 3], [ops.slice, { starts: [2, 0], sizes: ["N - 2", 3], steps: [1, 1] }])],
  ["height and width are known", () => chain([1, "N", 4, 2], [ops.conv2d, window, randomTensor([3, 3, 2, 2])])],
  [
    "the shape of its result is a constant",
    () =>
      chain(image, [
        ops.transposeConv2d,
        { ...window, padding: [0, 0, 0, 0], outputSize: [6, 5] },
        randomTensor([3, 3, 2, 2]),
      ]),
  ],
];

it.each(refused)("what can't be resized is refused: %s", (reason, make) => {
  const refusal = () => {
    try {
      exportTflite(make());
      return [];
    } catch (error) {
      return (error as DiagnosticError).diagnostics;
    }
  };
  expect(refusal().map(({ message }) => message)).toEqual([expect.stringContaining(reason)]);
  expect(refusal().every(({ hint }) => hint?.includes("--dim"))).toBe(true);
});
