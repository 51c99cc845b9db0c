import { encodeAttribute, type OnnxAttribute, type OnnxTensor } from "@millrace/formats/onnx";
import { float, floats, int, ints, longs, text } from "./model.testing.ts";

/** What one operator gives at several opsets for the same data. */
export interface OpsetRow {
  readonly line: string;
  readonly attributes?: readonly OnnxAttribute[];
  readonly constants?: readonly OnnxTensor[];
  readonly opsets: readonly number[];
  readonly shape: readonly number[];
  readonly x: readonly number[];
  readonly gives: readonly number[];
  readonly as?: readonly number[];
}

const four = [1, 2, 3, 4];
const square = { shape: [2, 2], x: four };
const flat = { shape: [4], x: four };
const cube = { shape: [1, 2, 2], x: [0, 0, 0, 0] };
const image = { shape: [1, 1, 2, 2], x: four };
const scalar = (name: string, value: number) => floats(name, [], [value]);
const doubled = [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4];

/** Operators whose form differs between opsets, and what each form gives. */
export const opsetRows: readonly OpsetRow[] = [
  { line: "Softmax x -> y", opsets: [7, 11, 12], ...cube, gives: [0.25, 0.25, 0.25, 0.25] },
  { line: "Softmax x -> y", opsets: [13, 17, 28], ...cube, gives: [0.5, 0.5, 0.5, 0.5] },
  { line: "LogSoftmax x -> y", opsets: [7, 12], ...cube, gives: new Array(4).fill(Math.log(0.25)) },
  { line: "LogSoftmax x -> y", opsets: [13, 28], ...cube, gives: new Array(4).fill(Math.log(0.5)) },
  { line: "Hardmax x -> y", opsets: [7, 12], shape: [1, 2, 2], x: four, gives: [0, 0, 0, 1] },
  { line: "Hardmax x -> y", opsets: [13, 28], shape: [1, 2, 2], x: four, gives: [0, 1, 0, 1] },
  {
    line: "Squeeze x -> y",
    attributes: [ints("axes", 0)],
    opsets: [7, 11, 12],
    shape: [1, 4],
    x: four,
    gives: four,
    as: [4],
  },
  {
    line: "Squeeze x a -> y",
    constants: [longs("a", 0)],
    opsets: [13, 21, 28],
    shape: [1, 4],
    x: four,
    gives: four,
    as: [4],
  },
  { line: "Unsqueeze x -> y", attributes: [ints("axes", 0)], opsets: [7, 12], ...flat, gives: four, as: [1, 4] },
  { line: "Unsqueeze x a -> y", constants: [longs("a", -1)], opsets: [13, 28], ...flat, gives: four, as: [4, 1] },
  { line: "ReduceSum x -> y", attributes: [ints("axes", 1)], opsets: [7, 12], ...square, gives: [3, 7], as: [2, 1] },
  { line: "ReduceSum x a -> y", constants: [longs("a", 1)], opsets: [13, 28], ...square, gives: [3, 7], as: [2, 1] },
  ...["ReduceMean", "ReduceMax", "ReduceL1", "ReduceLogSum"].flatMap((name): OpsetRow[] => {
    const gives = { ReduceMean: [1.5, 3.5], ReduceMax: [2, 4], ReduceL1: [3, 7] }[name] ?? [Math.log(3), Math.log(7)];
    return [
      {
        line: `${name} x -> y`,
        attributes: [ints("axes", 1), int("keepdims", 0)],
        opsets: [7, 13, 17],
        ...square,
        gives,
      },
      {
        line: `${name} x a -> y`,
        attributes: [int("keepdims", 0)],
        constants: [longs("a", 1)],
        opsets: [18, 28],
        ...square,
        gives,
      },
    ];
  }),
  {
    line: "Clip x -> y",
    attributes: [float("min", 2), float("max", 3)],
    opsets: [7, 10],
    ...flat,
    gives: [2, 2, 3, 3],
  },
  {
    line: "Clip x l h -> y",
    constants: [scalar("l", 2), scalar("h", 3)],
    opsets: [11, 12, 13, 28],
    ...flat,
    gives: [2, 2, 3, 3],
  },
  { line: "Clip x _ h -> y", constants: [scalar("h", 3)], opsets: [11, 28], ...flat, gives: [1, 2, 3, 3] },
  {
    line: "Pad x -> y",
    attributes: [ints("pads", 1, 0), float("value", 9)],
    opsets: [7, 10],
    ...flat,
    gives: [9, ...four],
  },
  {
    line: "Pad x p v -> y",
    constants: [longs("p", 1, 0), scalar("v", 9)],
    opsets: [11, 13, 19, 28],
    ...flat,
    gives: [9, ...four],
  },
  {
    line: "Pad x p _ a -> y",
    constants: [longs("p", 1, 0), longs("a", 1)],
    opsets: [18, 28],
    ...square,
    gives: [0, 1, 2, 0, 3, 4],
  },
  {
    line: "Slice x -> y",
    attributes: [ints("starts", 1), ints("ends", 3), ints("axes", 0)],
    opsets: [7, 9],
    ...flat,
    gives: [2, 3],
  },
  {
    line: "Slice x s e -> y",
    constants: [longs("s", 1), longs("e", 3)],
    opsets: [10, 11, 13, 28],
    ...flat,
    gives: [2, 3],
  },
  {
    line: "Slice x s e a t -> y",
    constants: [longs("s", 3), longs("e", -9), longs("a", 0), longs("t", -2)],
    opsets: [10, 28],
    ...flat,
    gives: [4, 2],
  },
  { line: "Split x -> y z", attributes: [ints("split", 1, 3)], opsets: [7, 11, 12], ...flat, gives: [1] },
  { line: "Split x s -> y z", constants: [longs("s", 1, 3)], opsets: [13, 18, 28], ...flat, gives: [1] },
  {
    line: "Split x -> y z",
    attributes: [int("num_outputs", 2)],
    opsets: [18, 28],
    shape: [3],
    x: [1, 2, 3],
    gives: [1, 2],
  },
  { line: "TopK x -> y i", attributes: [int("k", 2)], opsets: [7, 9], ...flat, gives: [4, 3] },
  { line: "TopK x k -> y i", constants: [longs("k", 2)], opsets: [10], ...flat, gives: [4, 3] },
  {
    line: "TopK x k -> y i",
    attributes: [int("largest", 0)],
    constants: [longs("k", 2)],
    opsets: [11, 24, 28],
    ...flat,
    gives: [1, 2],
  },
  { line: "Dropout x -> y", attributes: [float("ratio", 0.3)], opsets: [7, 10], ...flat, gives: four },
  { line: "Dropout x r -> y", constants: [scalar("r", 0.3)], opsets: [12, 13, 28], ...flat, gives: four },
  {
    line: "Upsample x -> y",
    attributes: [encodeAttribute("scales", { kind: "FLOATS", value: [1, 1, 2, 2] })],
    opsets: [7, 8],
    ...image,
    gives: doubled,
  },
  { line: "Upsample x s -> y", constants: [floats("s", [4], [1, 1, 2, 2])], opsets: [9], ...image, gives: doubled },
  { line: "Resize x s -> y", constants: [floats("s", [4], [1, 1, 2, 2])], opsets: [10], ...image, gives: doubled },
  {
    line: "Resize x _ s -> y",
    constants: [floats("s", [4], [1, 1, 2, 2])],
    opsets: [11, 13, 18, 19, 28],
    ...image,
    gives: doubled,
  },
  {
    line: "BatchNormalization x s b m v -> y",
    constants: ["s", "b", "m", "v"].map((name) => floats(name, [1], [name === "b" ? 1 : name === "m" ? 0 : 1])),
    attributes: [float("epsilon", 0)],
    opsets: [7, 9, 14, 15, 28],
    ...image,
    gives: [2, 3, 4, 5],
  },
  {
    line: "Reshape x s -> y",
    constants: [longs("s", 0, -1, 1)],
    opsets: [7, 13, 14, 28],
    ...square,
    gives: four,
    as: [2, 2, 1],
  },
  {
    line: "ArgMax x -> y",
    attributes: [int("axis", 0)],
    opsets: [7, 11, 12, 28],
    shape: [4],
    x: [1, 5, 5, 2],
    gives: [1],
  },
  {
    line: "ArgMax x -> y",
    attributes: [int("axis", -1), int("select_last_index", 1)],
    opsets: [12, 28],
    shape: [4],
    x: [1, 5, 5, 2],
    gives: [2],
  },
  {
    line: "AveragePool x -> y",
    attributes: [ints("kernel_shape", 2, 2), ints("pads", 1, 1, 0, 0), int("count_include_pad", 1)],
    opsets: [7, 10, 11, 19, 28],
    ...image,
    gives: [0.25, 0.75, 1, 2.5],
  },
  {
    line: "Gemm x w c -> y",
    constants: [floats("w", [2, 1], [1, 1]), floats("c", [1], [1])],
    opsets: [7, 9, 11, 13, 28],
    ...square,
    gives: [4, 8],
  },
  {
    line: "Cast x -> y",
    attributes: [int("to", 6)],
    opsets: [7, 9, 13, 19, 28],
    shape: [2],
    x: [1.7, -1.7],
    gives: [1, -1],
  },
  {
    line: "Scatter x i u -> y",
    constants: [longs("i", 2), floats("u", [1], [9])],
    opsets: [9, 10],
    ...flat,
    gives: [1, 2, 9, 4],
  },
  {
    line: "ScatterElements x i u -> y",
    constants: [longs("i", 2), floats("u", [1], [9])],
    opsets: [11, 16, 18, 28],
    ...flat,
    gives: [1, 2, 9, 4],
  },
  {
    line: "ScatterElements x i u -> y",
    attributes: [text("reduction", "max")],
    constants: [longs("i", 2), floats("u", [1], [2])],
    opsets: [18, 28],
    ...flat,
    gives: four,
  },
  {
    line: "PRelu x s -> y",
    constants: [floats("s", [1], [0.5])],
    opsets: [7, 9, 16, 28],
    shape: [2],
    x: [-2, 2],
    gives: [-1, 2],
  },
  { line: "Pow x e -> y", constants: [scalar("e", 2)], opsets: [7, 12, 13, 15, 28], ...flat, gives: [1, 4, 9, 16] },
  {
    line: "Gelu x -> y",
    attributes: [text("approximate", "none")],
    opsets: [20, 28],
    shape: [2],
    x: [0, 1],
    gives: [0, 0.841345],
  },
  { line: "CumSum x a -> y", constants: [longs("a", 0)], opsets: [11, 14, 28], ...flat, gives: [1, 3, 6, 10] },
  {
    line: "GroupNormalization x s b -> y",
    attributes: [int("num_groups", 1), float("epsilon", 0)],
    constants: [floats("s", [1], [2]), floats("b", [1], [1])],
    opsets: [18],
    shape: [1, 2, 1, 1],
    x: [0, 2],
    gives: [-1, 3],
  },
  {
    line: "GroupNormalization x s b -> y",
    attributes: [int("num_groups", 1), float("epsilon", 0)],
    constants: [floats("s", [2], [2, 4]), floats("b", [2], [1, 0])],
    opsets: [21, 28],
    shape: [1, 2, 1, 1],
    x: [0, 2],
    gives: [-1, 4],
  },
];
