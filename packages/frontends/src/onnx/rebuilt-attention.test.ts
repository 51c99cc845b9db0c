import type { OnnxNode } from "@millrace/formats/onnx";
import { cloneGraph, fromNumbers, numbersOf } from "@millrace/ir";
import { channelsLast, cleanUp, foldConstants, recognizeAttention, runPasses } from "@millrace/passes";
import { exportTflite } from "@millrace/targets/tflite";
import { expect, test } from "vitest";
import { evaluateGraph } from "./evaluate.testing.ts";
import { importOnnx } from "./import.ts";
import { floats, input, int, ints, longs, type ModelParts, model, node, text } from "./model.testing.ts";

const [batch, length, heads, size] = [2, 5, 4, 3];
const width = heads * size;
const spread = (count: number, seed: number) => Array.from({ length: count }, (_, at) => Math.sin(at * 2.3 + seed));
const weights = (name: string, seed: number, ...dims: number[]) => floats(name, dims, spread(width * width, seed));
const turned = (from: string, to: string, ...order: number[]) =>
  node(`Transpose ${from} -> ${to}`, ints("perm", ...order));
const shaped = (from: string, shape: string, to: string) => node(`Reshape ${from} ${shape} -> ${to}`);
const einsum = (line: string, equation: string) => node(`Einsum ${line}`, text("equation", equation));
const shares = (scores: string) => node(`Softmax ${scores} -> p`, int("axis", -1));

const initializers = [
  ...["wq", "wk", "wv", "wo"].map((name, seed) => weights(name, seed, width, width)),
  ...["kq", "kk", "kv"].map((name, seed) => weights(name, seed, width, heads, size)),
  weights("ko", 3, heads, size, width),
  longs("heads", batch, length, heads, size),
  longs("flat", batch, length, width),
  longs("lines", length, batch * heads, size),
  longs("joined", length, batch, width),
  longs("apart", batch, heads, length, length),
  longs("together", batch * heads, length, length),
  longs("windows", 1, batch, heads, length, length),
  longs("whole", batch, heads, length, length),
  floats("bias", [heads, length, length], spread(heads * length ** 2, 7)),
  floats("shifted", [1, batch, 1, length, length], spread(batch * length ** 2, 8)),
  floats("scale", [], [1 / Math.sqrt(size)]),
  floats("root", [], [Math.sqrt(1 / Math.sqrt(size))]),
  floats("zero", [], [0]),
  floats("infinite", [], [Number.NEGATIVE_INFINITY]),
  floats("lowest", [], [-3.4028234663852886e38]),
  floats(
    "causal",
    [1, 1, length, length],
    spread(length ** 2, 0).map((_, at) => (at % length > Math.floor(at / length) ? Number.NEGATIVE_INFINITY : 0)),
  ),
];
const projected = ["q", "k", "v"].map((name) => node(`MatMul x w${name} -> ${name}l`));
const split = (name: string) => [shaped(`${name}l`, "heads", `${name}h`), turned(`${name}h`, name, 0, 2, 1, 3)];
const headsFirst = [...projected, ...["q", "k", "v"].flatMap(split)];
const result = [turned("a", "at", 0, 2, 1, 3), shaped("at", "flat", "af"), node("MatMul af wo -> y")];

/** Scaled dot-product attention of PyTorch; `between` makes the shares p of the scores s. */
function scaledDotProduct(...between: readonly OnnxNode[]): readonly OnnxNode[] {
  const scores = [node("Mul q root -> qs"), node("Mul kt root -> ks"), node("MatMul qs ks -> s")];
  return [...headsFirst, turned("k", "kt", 0, 1, 3, 2), ...scores, ...between, node("MatMul p v -> a"), ...result];
}

/** Multi-head attention of PyTorch, whose axes of batch and heads are one. */
function multiHead(...between: readonly OnnxNode[]): readonly OnnxNode[] {
  const lines = (from: string, to: string, ...order: number[]) => [
    turned(from, `${to}0`, 1, 0, 2),
    shaped(`${to}0`, "lines", `${to}1`),
    turned(`${to}1`, to, ...order),
  ];
  return [
    ...projected,
    node("Mul ql scale -> qs"),
    ...lines("qs", "q", 1, 0, 2),
    ...lines("kl", "k", 1, 2, 0),
    ...lines("vl", "v", 1, 0, 2),
    node("MatMul q k -> s"),
    ...between,
    node("MatMul p v -> a"),
    turned("a", "at", 1, 0, 2),
    shaped("at", "joined", "af"),
    node("MatMul af wo -> z"),
    turned("z", "y", 1, 0, 2),
  ];
}

const keptKeys = [node("Greater keys zero -> kept"), node("Where kept zero infinite -> m"), node("Add s m -> sm")];

const forms: Record<string, readonly OnnxNode[]> = {
  "scaled dot-product attention of PyTorch": scaledDotProduct(shares("s")),
  "the same that looks back only": scaledDotProduct(node("Add s causal -> sm"), shares("sm")),
  "the same with keys left out": scaledDotProduct(...keptKeys, shares("sm")),
  "the same where all keys may be left out": scaledDotProduct(
    ...keptKeys,
    node("Softmax sm -> sp", int("axis", -1)),
    node("IsNaN sp -> n"),
    node("Where n zero sp -> p"),
  ),
  "scores filled in where keys are left out": scaledDotProduct(
    node("Greater keys zero -> kept"),
    node("Where kept s lowest -> sm"),
    shares("sm"),
  ),
  "multi-head attention of PyTorch": multiHead(shares("s")),
  "the same with a mask added while heads are apart": multiHead(
    shaped("s", "apart", "sa"),
    node("Add sa causal -> sb"),
    shaped("sb", "together", "sm"),
    shares("sm"),
  ),
  "attention of Swin within shifted windows": scaledDotProduct(
    node("Add s bias -> sb"),
    shaped("sb", "windows", "sw"),
    node("Add sw shifted -> sm"),
    shaped("sm", "whole", "sn"),
    shares("sn"),
  ),
  "multi-head attention of Keras": [
    ...["q", "k", "v"].map((name) => einsum(`x k${name} -> ${name}`, "abc,cde->abde")),
    node("Mul q scale -> qs"),
    einsum("k qs -> s", "aecd,abcd->acbe"),
    shares("s"),
    einsum("p v -> a", "acbe,aecd->abcd"),
    einsum("a ko -> y", "abcd,cde->abe"),
  ],
  "sums of products with heads in front": [
    ...headsFirst,
    einsum("q k -> u", "bhid,bhjd->bhij"),
    node("Div u scale -> s"),
    shares("s"),
    einsum("p v -> a", "bhij,bhjd->bhid"),
    ...result,
  ],
  "sums of products with heads behind": [
    ...projected,
    ...["q", "k", "v"].map((name) => shaped(`${name}l`, "heads", name)),
    einsum("q k -> u", "bqhd,bkhd->bhqk"),
    node("Mul u scale -> s"),
    shares("s"),
    einsum("p v -> a", "bhqk,bkhd->bqhd"),
    shaped("a", "flat", "af"),
    node("MatMul af wo -> y"),
  ],
};

const inputs = [input("x", [batch, length, width]), input("keys", [batch, 1, 1, length])];
/** With one key that is kept in the second of the batch, or none. */
const feeds = (last: number) => [
  fromNumbers("f32", [batch, length, width], spread(batch * length * width, 6)),
  fromNumbers("f32", [batch, 1, 1, length], [1, 0, 1, 1, 0, 0, 0, 0, last, 0]),
];

test.each(Object.entries(forms))("%s is one operator", (_, nodes) => {
  const parts: ModelParts = { inputs, initializers, nodes, outputs: ["y"], opset: 20 };
  const { graph } = importOnnx(model(parts));
  const last = nodes.some(({ opType }) => opType === "IsNaN") ? 0 : 1;
  const before = evaluateGraph(cloneGraph(graph).graph, feeds(last));
  runPasses(graph, [...cleanUp, ...channelsLast(), recognizeAttention, foldConstants]);
  const names = [...graph.nodes()].map(({ op }) => op.name);
  expect(names.filter((name) => ["attention", "matmul", "softmax", "mul"].includes(name))).toEqual(["attention"]);
  expect(Array.from(numbersOf(evaluateGraph(graph, feeds(last))[0]))).toEqual(
    Array.from(numbersOf(before[0]), (number) => expect.closeTo(number, 3)),
  );
  const { model: file } = exportTflite(graph);
  const codes = file.operatorCodes.map(({ builtinCode }) => builtinCode);
  const written = file.subgraphs[0].operators.map(({ opcodeIndex }) => codes[opcodeIndex ?? 0]);
  expect(written.filter((code) => code === "BATCH_MATMUL" || code === "SOFTMAX")).toHaveLength(3);
});
