import { readOnnx } from "@millrace/formats/onnx";
import { Graph, type Node } from "@millrace/ir";
import { gelu, hardSwish, mish } from "@millrace/ops";
import { cleanUp, runPasses } from "@millrace/passes";
import { exportOnnx } from "@millrace/targets/onnx";
import { expect, test } from "vitest";
import { importOnnx } from "./import.ts";
import { floats, int, type ModelParts, node } from "./model.testing.ts";
import { type Case, expectRebuilt, lines, two } from "./rebuilt.testing.ts";

const spelledMish = ["MINIMUM", "EXP", "ADD", "MUL", "ADD", "DIV", "MUL"];
const one = floats("one", [], [1]);

/** Ways to write Mish, as what softplus or the gate is made by. */
const mishes: readonly (Pick<ModelParts, "nodes" | "initializers"> & { readonly name: string })[] = [
  {
    name: "its softplus and tanh, the gate first",
    nodes: [node("Softplus x -> s"), node("Tanh s -> t"), node("Mul t x -> y")],
  },
  {
    name: "softplus of PyTorch, which is x from a threshold on",
    initializers: [floats("threshold", [], [20])],
    nodes: [
      node("Softplus x -> soft"),
      node("Greater x threshold -> g"),
      node("Where g x soft -> s"),
      node("Tanh s -> t"),
      node("Mul x t -> y"),
    ],
  },
  {
    name: "a logarithm, in a type of its own",
    initializers: [one],
    nodes: [
      node("Cast x -> c", int("to", 1)),
      node("Exp c -> e"),
      node("Add e one -> p"),
      node("Log p -> s"),
      node("Tanh s -> t"),
      node("Cast t -> d", int("to", 1)),
      node("Mul x d -> y"),
    ],
  },
  {
    name: "a logarithm of sums with zero of JAX",
    initializers: [one, floats("zero", [], [0])],
    nodes: [
      node("Max x zero -> m"),
      node("Sub x zero -> d"),
      node("Abs d -> a"),
      node("Neg a -> n"),
      node("Exp n -> e"),
      node("Add one e -> p"),
      node("Log p -> l"),
      node("IsNaN d -> isnan"),
      node("Add m l -> usual"),
      node("Add x zero -> sum"),
      node("Where isnan sum usual -> s"),
      node("Tanh s -> t"),
      node("Mul x t -> y"),
    ],
  },
  {
    name: "the logarithm of a sigmoid",
    nodes: [
      node("Neg x -> n"),
      node("Sigmoid n -> g"),
      node("Log g -> l"),
      node("Neg l -> s"),
      node("Tanh s -> t"),
      node("Mul x t -> y"),
    ],
  },
  {
    name: "a bounded exponential",
    initializers: [one, floats("low", [], [-50]), floats("high", [], [50])],
    nodes: [
      node("Clip x low high -> c"),
      node("Exp c -> e"),
      node("Add e one -> p"),
      node("Log p -> s"),
      node("Tanh s -> t"),
      node("Mul x t -> y"),
    ],
  },
  {
    name: "one exponential and a quotient",
    initializers: [two],
    nodes: [
      node("Exp x -> e"),
      node("Pow e two -> square"),
      node("Mul e two -> twice"),
      node("Add square twice -> n"),
      node("Mul x n -> p"),
      node("Add n two -> d"),
      node("Div p d -> y"),
    ],
  },
];

const cases: readonly Case[] = [
  ...mishes.map(({ name, ...parts }) => ({
    ...lines,
    ...parts,
    name: `Mish by ${name}`,
    becomes: ["mish"],
    written: spelledMish,
  })),
  {
    name: "ELU of PyTorch's definition",
    ...lines,
    initializers: [one, floats("zero", [], [0]), floats("alpha", [], [0.5])],
    nodes: [
      node("Relu x -> p"),
      node("Exp x -> e"),
      node("Sub e one -> m"),
      node("Mul alpha m -> a"),
      node("Min a zero -> n"),
      node("Add p n -> y"),
    ],
    becomes: ["elu"],
    written: ["ELU", "LEAKY_RELU"],
  },
  {
    name: "SiLU as a quotient",
    ...lines,
    initializers: [one],
    nodes: [node("Neg x -> n"), node("Exp n -> e"), node("Add e one -> s"), node("Div x s -> y")],
    becomes: ["sigmoid", "mul"],
    written: ["LOGISTIC", "MUL"],
  },
  {
    name: "hard swish of a clamp that PyTorch divides by 6",
    ...lines,
    initializers: [floats("three", [], [3]), floats("six", [], [6]), floats("zero", [], [0])],
    nodes: [node("Add x three -> a"), node("Clip a zero six -> c"), node("Div c six -> g"), node("Mul x g -> y")],
    becomes: ["hardSwish"],
    written: ["HARD_SWISH"],
  },
  {
    name: "GELU by tanh, its cube as a power",
    ...lines,
    initializers: [
      one,
      floats("three", [], [3]),
      floats("bend", [], [0.044715]),
      floats("root", [], [0.7978845834732056]),
      floats("half", [], [0.5]),
    ],
    nodes: [
      node("Mul x half -> h"),
      node("Pow x three -> cube"),
      node("Mul bend cube -> b"),
      node("Add x b -> c"),
      node("Mul root c -> d"),
      node("Tanh d -> t"),
      node("Add t one -> g"),
      node("Mul h g -> y"),
    ],
    becomes: ["gelu"],
    written: ["GELU"],
  },
  {
    name: "Mish of Mish",
    ...lines,
    opset: 18,
    nodes: [node("Mish x -> a"), node("Softplus a -> s"), node("Tanh s -> t"), node("Mul a t -> y")],
    becomes: ["mish", "mish"],
    written: [...spelledMish, ...spelledMish],
  },
  {
    name: "a gate by softplus of twice the data, which is no Mish",
    ...lines,
    initializers: [two],
    nodes: [node("Mul x two -> z"), node("Softplus z -> s"), node("Tanh s -> t"), node("Mul x t -> y")],
    becomes: ["mul", "abs", "neg", "exp", "add", "log", "clamp", "add", "tanh", "mul"],
  },
];

test.each(cases)("$name", expectRebuilt);

const activations: readonly Pick<Node, "op" | "attributes">[] = [
  { op: gelu, attributes: { approximate: false } },
  { op: gelu, attributes: { approximate: true } },
  { op: hardSwish, attributes: {} },
  { op: mish, attributes: {} },
];

test.each(activations)("$op.name $attributes comes back from how opset 17 says it", ({ op, attributes }) => {
  const graph = new Graph("one");
  const x = graph.addInput("x", { dtype: "f32", shape: [2, 3] });
  graph.setOutputs(graph.addNode({ op, inputs: [x], attributes }).outputs);
  const { graph: again } = importOnnx(readOnnx(exportOnnx(graph, [], { opset: 17 }).bytes));
  runPasses(again, cleanUp);
  expect([...again.nodes()].map((node) => [node.op, node.attributes])).toEqual([[op, attributes]]);
});
