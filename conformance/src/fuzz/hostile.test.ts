import {
  encodeAttribute,
  encodeTensor,
  type OnnxAttribute,
  type OnnxNode,
  type OnnxTensor,
  writeOnnx,
} from "@millrace/formats/onnx";
import { describe, expect, it } from "vitest";
import { outcomeOf } from "./outcome.ts";

const ints = (name: string, ...value: number[]) => encodeAttribute(name, { kind: "INTS", value });
const int = (name: string, value: number) => encodeAttribute(name, { kind: "INT", value });
const text = (name: string, value: string) => encodeAttribute(name, { kind: "STRING", value });

function longs(name: string, ...values: number[]): OnnxTensor {
  return encodeTensor(name, { dataType: "INT64", dims: [values.length], data: BigInt64Array.from(values, BigInt) });
}

function floats(name: string, dims: readonly number[], ...values: number[]): OnnxTensor {
  return encodeTensor(name, { dataType: "FLOAT", dims, data: Float32Array.from(values) });
}

/** A node from `Type in1 in2 -> out`. */
function node(line: string, ...attributes: OnnxAttribute[]): OnnxNode {
  const [left, right] = line.split(" -> ");
  const [opType, ...inputs] = left.split(" ");
  return { name: opType, opType, domain: "", inputs, outputs: right.split(" "), attributes };
}

/** A file whose input x is f32 of the given sizes and whose outputs are those named. */
function file(
  nodes: readonly OnnxNode[],
  initializers: readonly OnnxTensor[] = [],
  {
    sizes = [1, 2, 4, 4],
    outputs = ["y"],
  }: { readonly sizes?: readonly number[]; readonly outputs?: readonly string[] } = {},
): Uint8Array {
  const dims = sizes.map((value) => ({ value }));
  return writeOnnx({
    irVersion: 8,
    opsetImports: [{ domain: "", version: 17 }],
    functions: [],
    graph: {
      name: "hostile",
      nodes,
      inputs: [{ name: "x", type: { tensor: { elementType: 1, shape: { dims } } } }],
      outputs: outputs.map((name) => ({ name })),
      initializers,
      sparseInitializers: [],
      valueInfos: [],
    },
  });
}

const huge = 2 ** 30;
const weights = floats("w", [2, 2, 1, 1], 1, 2, 3, 4);
const convolution = (...attributes: OnnxAttribute[]) => file([node("Conv x w -> y", ...attributes)], [weights]);
const pool = (...attributes: OnnxAttribute[]) => file([node("MaxPool x -> y", ...attributes)]);

const refused: Readonly<Record<string, Uint8Array>> = {
  "a constant of 2^60 elements": file([node("ConstantOfShape s -> c"), node("Add x c -> y")], [longs("s", huge, huge)]),
  "a constant of 2^63 elements": file(
    [node("ConstantOfShape s -> c"), node("Add x c -> y")],
    [longs("s", huge, huge, 8)],
  ),
  "an input stretched to 2^60 elements": file([node("Expand x s -> y")], [longs("s", huge, huge, 1, 2, 4, 4)]),
  "a constant stretched to 2^40 elements": file(
    [node("Expand c s -> e"), node("ReduceSum e -> r"), node("Add x r -> y")],
    [floats("c", [1], 1), longs("s", huge, 1024)],
  ),
  "copies without number": file([node("Tile x n -> y")], [longs("n", 1, huge, huge, 1)]),
  "a margin of 2^30": file([node("Pad x p -> y")], [longs("p", 0, 0, huge, huge, 0, 0, huge, huge)]),
  "a margin that takes away more than there is": file([node("Pad x p -> y")], [longs("p", 0, 0, -9, 0, 0, 0, 0, 0)]),
  "a picture of 2^60 points": file(
    [node("Resize x  s -> y", text("mode", "nearest"))].map((resize) => ({ ...resize, inputs: ["x", "", "", "s"] })),
    [longs("s", 1, 2, huge, huge)],
  ),
  "a range without end": file(
    [node("Range a b c -> r"), node("Add x r -> y")],
    [floats("a", [], 0), floats("b", [], 1e15), floats("c", [], 1)],
  ),
  "a range of steps of 0": file(
    [node("Range a b c -> r"), node("Add x r -> y")],
    [floats("a", [], 0), floats("b", [], 5), floats("c", [], 0)],
  ),
  "classes without number": file(
    [node("OneHot i d v -> y")],
    [longs("i", 0), longs("d", huge * 1024), floats("v", [2], 0, 1)],
  ),
  "a stride of 0": convolution(ints("strides", 0, 0)),
  "a dilation of 0": convolution(ints("dilations", 0, 1)),
  "a negative stride": convolution(ints("strides", -1, 1)),
  "groups of 0": convolution(int("group", 0)),
  "padding of 2^40": convolution(ints("pads", huge * 1024, 0, 0, 0)),
  "a window larger than the picture": pool(ints("kernel_shape", 5, 5)),
  "a window of 0": pool(ints("kernel_shape", 0, 2)),
  "a negative window": pool(ints("kernel_shape", -1, 2)),
  "a shape of another size": file([node("Reshape x s -> y")], [longs("s", 5, 7)]),
  "a negative size": file([node("Reshape x s -> y")], [longs("s", -2, 16)]),
  "two open sizes": file([node("Reshape x s -> y")], [longs("s", -1, -1)]),
  "an axis there is not": file([node("Softmax x -> y", int("axis", 9))]),
  "an axis before the first": file([node("Concat x x -> y", int("axis", -5))]),
  "a permutation that repeats": file([node("Transpose x -> y", ints("perm", 0, 0, 1, 2))]),
  "a step of 0": file([node("Slice x a b c d -> y")], [longs("a", 0), longs("b", 2), longs("c", 1), longs("d", 0)]),
  "an index beyond the axis": file([node("Gather x i -> y", int("axis", 1))], [longs("i", 7)]),
  "parts that are not the whole": file([node("Split x s -> y z", int("axis", 1))], [longs("s", 5, 7)]),
  "nodes in a circle": file([node("Add x b -> a"), node("Add x a -> b"), node("Abs b -> y")]),
  "a node that reads itself": file([node("Add x y -> y")]),
  "two producers of one value": file([node("Abs x -> y"), node("Neg x -> y")]),
  "a node that makes the input": file([node("Abs x -> x")], [], { outputs: ["x"] }),
  "an output that nothing makes": file([node("Abs x -> z")]),
  "no input at all": file([node("Add -> y")].map((add) => ({ ...add, inputs: [] }))),
  "an input of 2^60 elements": file([node("Abs x -> y")], [], { sizes: [huge, huge] }),
  "an input of 2^93 elements": file([node("Relu x -> y")], [], { sizes: [2 ** 31, 2 ** 31, 2 ** 31] }),
  "products of 2^60 sums": file([node("MatMul x x -> y")], [], { sizes: [huge, huge] }),
};

const accepted: Readonly<Record<string, Uint8Array>> = {
  "an output that is an input": file([node("Abs x -> y")], [], { outputs: ["y", "x"] }),
  "an output that is a constant": file([node("Abs x -> y")], [floats("c", [2], 1, 2)], { outputs: ["y", "c"] }),
  "an output given twice": file([node("Abs x -> y")], [], { outputs: ["y", "y"] }),
  "an axis of size 0": file([node("Relu x -> y")], [], { sizes: [0, 3] }),
  "a scalar": file([node("Relu x -> y")], [], { sizes: [] }),
  "a long chain": file(
    Array.from({ length: 1000 }, (_, at) =>
      node(`Abs ${at === 0 ? "x" : `v${at}`} -> ${at === 999 ? "y" : `v${at + 1}`}`),
    ),
    [],
    { sizes: [2] },
  ),
};

const mostMilliseconds = 2000;

async function timed(bytes: Uint8Array) {
  const before = process.cpuUsage();
  const outcome = await outcomeOf("model.onnx", bytes);
  const { user, system } = process.cpuUsage(before);
  return { ...outcome, isQuick: (user + system) / 1000 < mostMilliseconds };
}

describe("a hostile model", () => {
  it.each(Object.keys(refused))("of %s is refused, before memory is taken for it", async (name) => {
    expect(await timed(refused[name])).toMatchObject({ kind: "refused", isQuick: true });
  });

  it.each(Object.keys(accepted))("of %s runs", async (name) => {
    expect(await timed(accepted[name])).toMatchObject({ kind: "ran", isQuick: true });
  });
});
