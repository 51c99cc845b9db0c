import { cloneGraph, fromNumbers, numbersOf } from "@millrace/ir";
import { channelsLast, cleanUp, runPasses } from "@millrace/passes";
import { exportTflite } from "@millrace/targets/tflite";
import { expect } from "vitest";
import { evaluateGraph } from "./evaluate.testing.ts";
import { importOnnx } from "./import.ts";
import { floats, input, type ModelParts, model } from "./model.testing.ts";

export const spread = (count: number, seed: number) =>
  Array.from({ length: count }, (_, at) => Math.sin(at * 2.3 + seed) * 2);
export const lines = { inputs: [input("x", [1, 3, 4])], outputs: ["y"] };
export const two = floats("two", [], [2]);

/** A model and the operators that it has to come down to, in the graph and in a TFLite file. */
export interface Case extends ModelParts {
  readonly name: string;
  readonly becomes: readonly string[];
  readonly written?: readonly string[];
}

/** Cleans a model up, which has to leave these operators and what they compute. */
export function expectRebuilt({ becomes, written, name: _, ...parts }: Case): void {
  const { graph } = importOnnx(model(parts));
  const x = graph.inputs[0].type.shape as readonly number[];
  const feeds = () => [
    fromNumbers(
      "f32",
      x,
      spread(
        x.reduce((product, size) => product * size),
        6,
      ),
    ),
  ];
  const before = evaluateGraph(cloneGraph(graph).graph, feeds());
  runPasses(graph, cleanUp);
  expect([...graph.nodes()].map(({ op }) => op.name)).toEqual(becomes);
  expect(Array.from(numbersOf(evaluateGraph(graph, feeds())[0]))).toEqual(
    Array.from(numbersOf(before[0]), (number) => expect.closeTo(number, 3)),
  );
  if (written === undefined) return;
  runPasses(graph, channelsLast([]));
  const { model: file } = exportTflite(graph);
  const names = file.operatorCodes.map(({ builtinCode }) => builtinCode);
  expect(file.subgraphs[0].operators.map(({ opcodeIndex }) => names[opcodeIndex])).toEqual(written);
}
