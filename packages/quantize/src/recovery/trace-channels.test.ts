import { parseGraph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { describe, expect, test } from "vitest";
import { layersOf } from "./layer-weights.ts";
import { traceChannels } from "./trace-channels.ts";

/** What is traced of the input x of a graph in which a layer with one row of weights reads y, of so many channels. */
function traced(statements: string, inputs: number) {
  const [, rows] = /y: f32\[(\d+)/.exec(statements)!;
  const weights = Array.from({ length: inputs }, () => 1).join(", ");
  const text = `graph g
${statements}
constant w: f32[1,${inputs}] = [${weights}]
z: f32[${rows},1] = linear(y, w) {activation=none}
output z
`;
  const graph = parseGraph(text, operators);
  return traceChannels(graph.inputs[0], layersOf(graph));
}

describe("channels", () => {
  test.each([
    ["as they are", "input y: f32[2,3]", [0, 1, 2]],
    ["flattened", "input x: f32[1,2,3]\ny: f32[1,6] = reshape(x) {shape=[1,6]}", [0, 1, 2, 0, 1, 2]],
    [
      "flattened after an exchange of axes",
      "input x: f32[1,2,3]\nt: f32[1,3,2] = transpose(x) {permutation=[0,2,1]}\ny: f32[1,6] = reshape(t) {shape=[1,6]}",
      [0, 0, 1, 1, 2, 2],
    ],
    ["of one row", "input x: f32[1,2,3]\nconstant i: i64[] = [1]\ny: f32[1,3] = gather(x, i) {axis=1}", [0, 1, 2]],
    [
      "in another order",
      "input x: f32[2,3]\nconstant i: i64[3] = [2, 0, 1]\ny: f32[2,3] = gather(x, i) {axis=1}",
      [2, 0, 1],
    ],
    ["in part", "input x: f32[2,3]\ny: f32[2,2] = slice(x) {starts=[0,1], sizes=[2,2], steps=[1,1]}", [1, 2]],
    ["the greatest of rows", "input x: f32[2,3]\ny: f32[1,3] = reduceMax(x) {axes=[0], keepDims=true}", [0, 1, 2]],
  ])("arrive %s", (_, statements, channelOf) => {
    expect(traced(statements, channelOf.length)).toMatchObject([{ channelOf }]);
  });

  test.each([
    ["that differ from row to row", "input x: f32[2,3]\ny: f32[3,2] = transpose(x) {permutation=[1,0]}", 2],
    ["of which the greatest is chosen", "input x: f32[2,3]\ny: f32[2,1] = reduceMax(x) {axes=[1], keepDims=true}", 1],
    [
      "between others that are constant",
      "input x: f32[1,2]\nconstant c: f32[1,1] = [1]\ny: f32[1,3] = concat(x, c) {axis=1}",
      3,
    ],
    ["in pads", "input x: f32[1,2]\ny: f32[1,3] = pad(x) {before=[0,1], after=[0,0], mode=constant, value=0}", 3],
    ["that are computed with", "input x: f32[1,2]\ny: f32[1,2] = gelu(x) {approximate=false}", 2],
  ])("are not traced %s", (_, statements, inputs) => {
    expect(traced(statements, inputs)).toEqual([]);
  });

  test("that something else reads too are refused", () => {
    const statements =
      "input x: f32[1,2]\ny: f32[1,2] = reshape(x) {shape=[1,2]}\ng: f32[1,2] = gelu(x) {approximate=false} named act";
    expect(traced(statements, 2)).toEqual({
      refused: "act (gelu) takes its channels too, which has no constant weights that could make up for factors",
    });
  });
});
