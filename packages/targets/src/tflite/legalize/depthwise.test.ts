import { fromNumbers, Graph, numbersOf, type Value } from "@millrace/ir";
import { abs, cast, conv2d } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { exportTflite } from "../export.ts";
import { randomTensor, resultsOf, throughFile } from "../graphs.testing.ts";

const attributes = {
  stride: [1, 1],
  dilation: [1, 1],
  padding: [1, 1, 1, 1],
  groups: 4,
  layout: "last",
  activation: "none",
};

/** A depthwise convolution with two filters for each of four channels, whose weights are made of a constant. */
function graphWith(make: (graph: Graph) => Value): Graph {
  const graph = new Graph("depthwise");
  const x = graph.addInput("x", { dtype: "f32", shape: [1, 5, 6, 4] });
  graph.setOutputs(graph.addNode({ op: conv2d, inputs: [x, make(graph)], attributes, name: "y" }).outputs);
  return graph;
}

const filter = randomTensor([8, 3, 3, 1], 2);

describe("a depthwise convolution whose weights are no constants", () => {
  it.each([
    {
      weights: "halves that are widened",
      make: (graph: Graph) => {
        const halves = graph.addConstant("w", fromNumbers("f16", filter.shape, numbersOf(filter)));
        return graph.addNode({ op: cast, inputs: [halves], attributes: { to: "f32" }, name: "wide" }).outputs[0];
      },
      operators: ["DEQUANTIZE", "DEPTHWISE_CONV_2D"],
    },
    {
      weights: "computed",
      make: (graph: Graph) =>
        graph.addNode({ op: abs, inputs: [graph.addConstant("w", filter)], attributes: {}, name: "w_abs" }).outputs[0],
      operators: ["ABS", "CONV_2D"],
    },
  ])("$weights", ({ make, operators }) => {
    const graph = graphWith(make);
    const { model } = exportTflite(graph);
    const names = model.subgraphs[0].operators.map(({ opcodeIndex }) => model.operatorCodes[opcodeIndex].builtinCode);
    expect(names).toEqual(operators);
    const x = randomTensor([1, 5, 6, 4], 3);
    const [before, after] = [graph, throughFile(graph)].map((each) => numbersOf(resultsOf(each, x)[0]));
    expect(Array.from(after)).toEqual(Array.from(before, (number) => expect.closeTo(number, 5)));
  });
});
