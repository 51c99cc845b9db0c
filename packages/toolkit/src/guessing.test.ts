import { Graph } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { guessingProblem } from "./guessing.ts";

const graph = new Graph("classifier");
graph.setOutputs([graph.addInput("scores", { dtype: "f32", shape: [1, 10] })]);

describe("a classifier that is no better than guessing", () => {
  it.each([
    ["top1", 0.11, true],
    ["top1", 0.16, true],
    ["top1", 0.17, false],
    ["cosine", 0.1, false],
  ])("%s of %d: %s", (metric, value, guesses) => {
    const found = guessingProblem(graph, { metric, samples: 100, value });
    expect(found.map(({ code }) => code)).toEqual(guesses ? ["data.model-guesses"] : []);
  });
});
