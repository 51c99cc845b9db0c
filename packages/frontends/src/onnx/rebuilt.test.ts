import { readOnnx } from "@millrace/formats/onnx";
import { cloneGraph, fromNumbers, Graph, type Node, numbersOf } from "@millrace/ir";
import { gelu, hardSwish, mish } from "@millrace/ops";
import { channelsLast, cleanUp, runPasses } from "@millrace/passes";
import { exportOnnx } from "@millrace/targets/onnx";
import { exportTflite } from "@millrace/targets/tflite";
import { expect, test } from "vitest";
import { evaluateGraph } from "./evaluate.testing.ts";
import { importOnnx } from "./import.ts";
import { float, floats, input, int, ints, longs, type ModelParts, model, node } from "./model.testing.ts";

const spread = (count: number, seed: number) => Array.from({ length: count }, (_, at) => Math.sin(at * 2.3 + seed) * 2);
const small = floats("small", [], [1e-5]);
const [gamma, beta] = [floats("gamma", [4], spread(4, 1)), floats("beta", [4], spread(4, 2))];
const lines = { inputs: [input("x", [1, 3, 4])], outputs: ["y"] };
const images = { inputs: [input("x", [1, 3, 5, 6])], outputs: ["y"] };
const kernel = [ints("kernel_shape", 3, 3), ints("pads", 1, 1, 1, 1)];
const convolutions = [floats("w", [4, 3, 3, 3], spread(108, 3)), floats("k", [2, 4, 3, 3], spread(72, 4))];
const deviation = (axes: number) => [
  node("ReduceMean x -> m", ints("axes", axes)),
  node("Sub x m -> d"),
  node("Pow d two -> s"),
  node("ReduceMean s -> v", ints("axes", axes)),
  node("Add v small -> e"),
  node("Sqrt e -> r"),
];

interface Case extends ModelParts {
  readonly name: string;
  readonly becomes: readonly string[];
  readonly written?: readonly string[];
}

const spelledMish = ["MINIMUM", "EXP", "ADD", "MUL", "ADD", "DIV", "MUL"];
const [one, two] = [floats("one", [], [1]), floats("two", [], [2])];

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

const spelled = ["MEAN", "SQUARED_DIFFERENCE", "MEAN", "SUB", "ADD", "RSQRT", "MUL"];

const cases: readonly Case[] = [
  {
    name: "layer normalization of PyTorch",
    ...lines,
    opset: 13,
    initializers: [small, gamma, beta, floats("two", [], [2])],
    nodes: [...deviation(-1), node("Div d r -> n"), node("Mul n gamma -> g"), node("Add g beta -> y")],
    becomes: ["layerNormalization"],
    written: [...spelled, "MUL", "ADD"],
  },
  {
    name: "layer normalization of PyTorch before a linear layer",
    ...lines,
    opset: 13,
    initializers: [small, gamma, beta, floats("two", [], [2]), floats("w", [4, 2], spread(8, 5))],
    nodes: [
      ...deviation(-1),
      node("Div d r -> n"),
      node("Mul n gamma -> g"),
      node("Add g beta -> h"),
      node("MatMul h w -> y"),
    ],
    becomes: ["layerNormalization", "linear"],
    written: [...spelled, "FULLY_CONNECTED"],
  },
  {
    name: "layer normalization by an inverse, without a factor",
    ...lines,
    opset: 13,
    initializers: [small, floats("two", [], [2])],
    nodes: [...deviation(-1), node("Reciprocal r -> i"), node("Mul i d -> y")],
    becomes: ["layerNormalization"],
    written: spelled,
  },
  {
    name: "layer normalization of Keras through tf2onnx",
    ...lines,
    initializers: [small, gamma, beta],
    nodes: [
      node("ReduceMean x -> m", ints("axes", 2)),
      node("Sub x m -> d"),
      node("Mul d d -> s"),
      node("ReduceMean s -> v", ints("axes", 2)),
      node("Add v small -> e"),
      node("Sqrt e -> r"),
      node("Reciprocal r -> i"),
      node("Mul i gamma -> f"),
      node("Mul x f -> p"),
      node("Mul m f -> q"),
      node("Sub beta q -> o"),
      node("Add p o -> y"),
    ],
    becomes: ["layerNormalization"],
    written: [...spelled, "MUL", "ADD"],
  },
  {
    name: "layer normalization of Keras 3, with the variance as a difference of squares",
    ...lines,
    initializers: [small, gamma, beta],
    nodes: [
      node("ReduceMean x -> m", ints("axes", 2)),
      node("Mul x x -> xx"),
      node("ReduceMean xx -> mxx", ints("axes", 2)),
      node("Mul m m -> mm"),
      node("Sub mxx mm -> v"),
      node("Add v small -> e"),
      node("Sqrt e -> r"),
      node("Reciprocal r -> i"),
      node("Mul i gamma -> f"),
      node("Neg m -> minus"),
      node("Mul minus f -> q"),
      node("Add q beta -> o"),
      node("Mul x f -> p"),
      node("Add p o -> y"),
    ],
    becomes: ["layerNormalization"],
  },
  {
    name: "layer normalization of JAX, by sums without their axes",
    ...lines,
    opset: 13,
    initializers: [small, gamma, longs("last", -1), floats("quarter", [], [0.25]), longs("beside", 1, 3, 1)],
    nodes: [
      node("ReduceSum x last -> total", int("keepdims", 0)),
      node("Mul total quarter -> m"),
      node("Mul x x -> xx"),
      node("ReduceSum xx last -> squares", int("keepdims", 0)),
      node("Mul squares quarter -> mxx"),
      node("Mul m m -> mm"),
      node("Sub mxx mm -> v"),
      node("Reshape v beside -> w"),
      node("Add w small -> e"),
      node("Sqrt e -> r"),
      node("Reciprocal r -> i"),
      node("Mul i gamma -> f"),
      node("Reshape m beside -> c"),
      node("Sub x c -> d"),
      node("Mul d f -> y"),
    ],
    becomes: ["layerNormalization"],
    written: [...spelled, "MUL"],
  },
  {
    name: "root mean square of Llama",
    ...lines,
    initializers: [small, gamma, floats("two", [], [2])],
    nodes: [
      node("Pow x two -> s"),
      node("ReduceMean s -> v", ints("axes", -1)),
      node("Add v small -> e"),
      node("Sqrt e -> r"),
      node("Reciprocal r -> i"),
      node("Mul x i -> n"),
      node("Mul gamma n -> y"),
    ],
    becomes: ["rmsNormalization"],
    written: ["MUL", "MEAN", "ADD", "RSQRT", "MUL", "MUL"],
  },
  {
    name: "groups of channels of PyTorch between convolutions",
    ...images,
    initializers: [
      ...convolutions,
      longs("split", 0, 2, -1),
      longs("whole", 1, 4, 5, 6),
      floats("ones", [2], [1, 1]),
      floats("zeros", [2], [0, 0]),
      floats("gain", [4, 1, 1], spread(4, 1)),
      floats("shift", [4, 1, 1], spread(4, 2)),
    ],
    nodes: [
      node("Conv x w -> c", ...kernel),
      node("Reshape c split -> a"),
      node("InstanceNormalization a ones zeros -> b", float("epsilon", 1e-5)),
      node("Reshape b whole -> n"),
      node("Mul n gain -> g"),
      node("Add g shift -> h"),
      node("Conv h k -> y", ...kernel),
    ],
    becomes: ["conv2d", "groupNormalization", "conv2d"],
    written: ["CONV_2D", "RESHAPE", ...spelled, "RESHAPE", "MUL", "ADD", "CONV_2D"],
  },
  {
    name: "channels of images between convolutions",
    ...images,
    initializers: [...convolutions, gamma, beta],
    nodes: [
      node("Conv x w -> c", ...kernel),
      node("InstanceNormalization c gamma beta -> n", float("epsilon", 1e-3)),
      node("Relu n -> h"),
      node("Conv h k -> y", ...kernel),
    ],
    becomes: ["conv2d", "layerNormalization", "clamp", "conv2d"],
    written: ["CONV_2D", ...spelled, "MUL", "ADD", "CONV_2D"],
  },
  {
    name: "channels of images as ConvNeXt normalizes them, channel-first",
    ...images,
    opset: 13,
    initializers: [
      ...convolutions,
      small,
      floats("two", [], [2]),
      floats("gain", [4, 1, 1], spread(4, 1)),
      floats("shift", [4, 1, 1], spread(4, 2)),
    ],
    nodes: [
      node("Conv image w -> x", ...kernel),
      ...deviation(1),
      node("Div d r -> n"),
      node("Mul gain n -> g"),
      node("Add g shift -> h"),
      node("Conv h k -> y", ...kernel),
    ],
    inputs: [input("image", [1, 3, 5, 6])],
    becomes: ["conv2d", "layerNormalization", "conv2d"],
    written: ["CONV_2D", ...spelled, "MUL", "ADD", "CONV_2D"],
  },
  {
    name: "softmax and a logarithm of softmax by exponentials",
    ...lines,
    opset: 13,
    initializers: [longs("last", -1), longs("middle", 1)],
    nodes: [
      node("ReduceMax x -> m", ints("axes", -1)),
      node("Sub x m -> d"),
      node("Exp d -> e"),
      node("ReduceSum e last -> s"),
      node("Div e s -> p"),
      node("Exp p -> f"),
      node("ReduceSum f middle -> g"),
      node("Log g -> l"),
      node("Sub p l -> y"),
    ],
    becomes: ["softmax", "logSoftmax"],
  },
  {
    name: "PReLU of Keras through tf2onnx",
    ...images,
    initializers: [...convolutions, floats("alpha", [4, 1, 1], spread(4, 1))],
    nodes: [
      node("Conv x w -> c", ...kernel),
      node("Relu c -> p"),
      node("Neg c -> n"),
      node("Relu n -> q"),
      node("Mul alpha q -> r"),
      node("Sub p r -> h"),
      node("Conv h k -> y", ...kernel),
    ],
    becomes: ["conv2d", "prelu", "conv2d"],
    written: ["CONV_2D", "PRELU", "CONV_2D"],
  },
  {
    name: "leaky ReLU as the greater of two",
    ...lines,
    initializers: [floats("tenth", [], [0.1])],
    nodes: [node("Mul x tenth -> t"), node("Max x t -> y")],
    becomes: ["leakyRelu"],
    written: ["LEAKY_RELU"],
  },
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
  {
    name: "a deviation with epsilon outside of the root, which is another function",
    ...lines,
    opset: 13,
    initializers: [small, floats("two", [], [2])],
    nodes: [...deviation(-1), node("Add r small -> o"), node("Div d o -> y")],
    becomes: ["mean", "sub", "pow", "mean", "add", "sqrt", "add", "div"],
  },
];

test.each(cases)("$name", ({ becomes, written, name: _, ...parts }) => {
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
});

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
