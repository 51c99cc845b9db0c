import { fromNumbers, Graph, type Tensor } from "@millrace/ir";
import { add } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { describe, expect, test } from "vitest";
import { prepareObservation } from "./observation.ts";
import { statisticsOf } from "./statistics.ts";

const shape = [1, 50, 50, 3];

/** y = x + x, large enough for the engine to reduce. */
function doubling(): Graph {
  const graph = new Graph("doubling");
  const x = graph.addInput("x", { dtype: "f32", shape });
  const node = graph.addNode({ op: add, inputs: [x, x], attributes: { activation: "none" }, outputNames: ["y"] });
  graph.setOutputs(node.outputs);
  return graph;
}

function tensor(numberAt: (index: number) => number): Tensor {
  return fromNumbers(
    "f32",
    shape,
    Float32Array.from({ length: 7500 }, (_, index) => numberAt(index)),
  );
}

async function observe(tensors: readonly Tensor[], wholly: boolean) {
  const graph = doubling();
  const [y] = graph.outputs;
  const observation = await prepareObservation(graph, referenceEngine(), [...graph.inputs, y], wholly);
  const sights = [];
  for (const x of tensors) sights.push((await observation.run(new Map([["x", x]]))).get(y)!);
  return sights;
}

describe("an observation", () => {
  const waves = tensor((index) => Math.sin(index) * (1 + (index % 3)));

  test.each([false, true])("tells of a value what its numbers do, wholly taken out: %s", async (wholly) => {
    const [sight] = await observe([waves], wholly);
    const expected = statisticsOf(tensor((index) => 2 * Math.fround(Math.sin(index) * (1 + (index % 3)))));
    expect(sight.range).toEqual(expected.range);
    expect(Array.from(sight.minima)).toEqual(Array.from(expected.minima));
    expect(Array.from(sight.maxima)).toEqual(Array.from(expected.maxima));
    for (let channel = 0; channel < 3; channel++) expect(sight.means[channel]).toBeCloseTo(expected.means[channel], 6);
    expect(sight.tensor === undefined).toBe(!wholly);
  });

  test("leaves numbers out that are not finite, and shows the first of them", async () => {
    const damaged = tensor((index) => (index === 30 ? Number.NEGATIVE_INFINITY : index === 4 ? Number.NaN : index % 3));
    const sights = await observe([waves, damaged, waves], false);
    expect(sights.map(({ broken }) => broken)).toEqual([undefined, Number.NaN, undefined]);
    expect(sights[1]).toMatchObject({ range: { minimum: 0, maximum: 4 }, means: Float64Array.of(0, 2, 4) });
    expect(sights[2].range).toEqual(sights[0].range);
  });
});
