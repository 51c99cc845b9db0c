import { Graph, perTensor, type Tensor } from "@millrace/ir";
import { add } from "@millrace/ops";
import { expect, test } from "vitest";
import { referenceEngine } from "./interpreter.ts";

/** y = x + the sum of all x before, in steps of 1 from the zero point 3. */
function summing(): Graph {
  const graph = new Graph("sum");
  const type = { dtype: "i8", shape: [1], quantization: perTensor(1, 3) } as const;
  const [x, before] = [graph.addInput("x", type), graph.addInput("before", type)];
  const node = graph.addNode({
    op: add,
    inputs: [x, before],
    attributes: { activation: "none" },
    outputNames: ["y"],
    outputTypes: [type],
  });
  graph.setOutputs(node.outputs, ["after"]);
  graph.states = [{ input: "before", output: "after" }];
  return graph;
}

const stored = (value: number): Tensor => ({ dtype: "i8", shape: [1], data: Int8Array.of(value + 3) });

async function resultsOf(feeds: readonly ReadonlyMap<string, Tensor>[]): Promise<readonly number[]> {
  const prepared = await referenceEngine().prepare(summing());
  const results: number[] = [];
  for (const feed of feeds) results.push(Number((await prepared.run(feed)).get("y")!.data[0]) - 3);
  return results;
}

test("a state starts as zero and is carried from run to run", async () => {
  const feed = new Map([["x", stored(5)]]);
  expect(await resultsOf([feed, feed, feed])).toEqual([5, 10, 15]);
});

test("a feed takes the place of what was carried", async () => {
  const feed = new Map([["x", stored(5)]]);
  const fed = new Map([...feed, ["before", stored(20)] as const]);
  expect(await resultsOf([feed, fed, feed])).toEqual([5, 25, 30]);
});
