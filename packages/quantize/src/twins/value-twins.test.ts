import { cloneGraph, type Graph, perTensor } from "@millrace/ir";
import { expect, test } from "vitest";
import { NetworkBuilder } from "../../../passes/src/testing-graphs.ts";
import { valueTwins } from "./value-twins.ts";

function network(channels: number): Graph {
  const n = new NetworkBuilder();
  const x = n.relu(n.conv(n.input("x", [1, 3, 8, 8]), channels, 3, { padding: 1 }));
  return n.finish(n.conv(x, 8, 1));
}

/** The graph with every result in integers, under other names where that is asked for. */
function inIntegers(source: Graph, renamed: boolean): Graph {
  const { graph } = cloneGraph(source);
  for (const { outputs } of graph.nodes())
    for (const value of outputs) {
      graph.setType(value, { dtype: "i8", shape: value.type.shape, quantization: perTensor(0.5, 0) });
      if (renamed) graph.rename(value, `tensor_${value.name}`);
    }
  return graph;
}

const pairsOf = (float: Graph, integers: Graph) =>
  [...valueTwins(float, integers)].map(([value, twin]) => [value.name, twin.name]);

test("values of the same name are twins", () => {
  const float = network(4);
  const names = [...float.nodes()].map(({ outputs: [{ name }] }) => name);
  expect(pairsOf(float, inIntegers(float, false))).toEqual(names.map((name) => [name, name]));
});

test("values are twins by what they are computed from where no name is the same", () => {
  const float = network(4);
  const names = [...float.nodes()].map(({ outputs: [{ name }] }) => name);
  expect(pairsOf(float, inIntegers(float, true))).toEqual(names.map((name) => [`tensor_${name}`, name]));
});

test("another network's layers are no twins", () => {
  expect(pairsOf(network(4), inIntegers(network(6), true))).toEqual([]);
});
