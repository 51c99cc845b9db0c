import { evaluateGraph } from "@millrace/ops";
import { expect, it } from "vitest";
import { importTflite } from "./import.ts";
import { indices, type OperatorSketch, problemsOf, sketch, type TensorSketch } from "./models.testing.ts";

type Case = readonly [
  operator: Omit<OperatorSketch, "outputs" | "inputs">,
  operands: readonly TensorSketch[],
  result: number[],
  shape: number[],
  type?: "INT32",
];

const x: TensorSketch = { name: "x", shape: [2, 2] };
const real = (...values: number[]): TensorSketch => ({
  name: `real ${values}`,
  shape: [],
  data: Float32Array.of(...values),
});
const reals = (...values: number[]): TensorSketch => ({ ...real(...values), shape: [values.length] });
const number = (value: number): TensorSketch => ({ ...indices(value), name: `${value}`, shape: [] });
const matrix = (...values: number[]): TensorSketch => ({ ...indices(...values), shape: [values.length / 2, 2] });

const large = 3.4028234663852886e38;

/** x is [[1, 2], [3, 4]]. */
const cases: readonly Case[] = [
  [{ builtin: "MATRIX_DIAG" }, [x], [1, 0, 0, 2, 3, 0, 0, 4], [2, 2, 2]],
  [{ builtin: "MATRIX_SET_DIAG" }, [x, reals(7, 8)], [7, 2, 3, 8], [2, 2]],
  [
    { builtin: "BUCKETIZE", options: { kind: "BucketizeOptions", boundaries: [2, 3.5] } },
    [x],
    [0, 1, 1, 2],
    [2, 2],
    "INT32",
  ],
  [
    { builtin: "ONE_HOT", options: { kind: "OneHotOptions", axis: -1 } },
    [indices(1, 5), number(3), real(9), real(-1)],
    [-1, 9, -1, -1, -1, -1],
    [2, 3],
  ],
  [
    { builtin: "REVERSE_SEQUENCE", options: { kind: "ReverseSequenceOptions", seqDim: 0, batchDim: 1 } },
    [x, indices(2, 1)],
    [3, 2, 1, 4],
    [2, 2],
  ],
  [{ builtin: "SEGMENT_SUM" }, [x, indices(0, 0)], [4, 6], [1, 2]],
  [{ builtin: "UNSORTED_SEGMENT_SUM" }, [x, indices(2, 0), indices(3)], [3, 4, 0, 0, 1, 2], [3, 2]],
  [{ builtin: "UNSORTED_SEGMENT_MAX" }, [x, indices(2, 2), number(3)], [-large, -large, -large, -large, 3, 4], [3, 2]],
  [{ builtin: "UNSORTED_SEGMENT_MIN" }, [x, indices(1, 1), number(2)], [large, large, 1, 2], [2, 2]],
  [{ builtin: "UNSORTED_SEGMENT_PROD" }, [x, matrix(0, 1, -1, 1), number(2)], [1, 8], [2]],
  [{ builtin: "DILATE" }, [x, indices(2, 3), real(-1)], [1, -1, -1, 2, -1, -1, -1, -1, 3, -1, -1, 4], [3, 4]],
  [{ builtin: "DILATE" }, [x, indices(1, 1), real(-1)], [1, 2, 3, 4], [2, 2]],
  [{ builtin: "SPARSE_TO_DENSE" }, [matrix(0, 1, 1, 0), indices(2, 2), reals(5, 6), real(0)], [0, 5, 6, 0], [2, 2]],
  [{ builtin: "RANGE" }, [number(5), number(-1), number(-2)], [5, 3, 1], [3], "INT32"],
];

function modelOf([operator, operands, , shape, type]: Case) {
  const inputs = operands.map((_, index) => index);
  const y: TensorSketch = { name: "y", shape, ...(type && { type }) };
  return sketch([...operands, y], [{ ...operator, inputs, outputs: [operands.length] }]);
}

it.each(cases.map((each) => ({ each, name: each[0].builtin })))("$name", ({ each }) => {
  const { graph } = importTflite(modelOf(each));
  const feed = { dtype: "f32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } as const;
  const values = evaluateGraph(graph, new Map(graph.inputs.map(({ name }) => [name, feed])));
  const [output] = graph.outputs;
  const { data, shape } = output.constant ?? values.get(output)!;
  expect({ shape, numbers: Array.from(data, Number) }).toEqual({ shape: each[3], numbers: each[2] });
});

it.each<readonly [string, Case]>([
  ["its depth is", [{ builtin: "ONE_HOT" }, [indices(1), number(2 ** 30), real(1), real(0)], [], [1, 1]]],
  ["it counts from", [{ builtin: "RANGE" }, [number(0), number(2 ** 30), number(1)], [], [1], "INT32"]],
  ["it counts from", [{ builtin: "RANGE" }, [number(0), number(5), number(0)], [], [1], "INT32"]],
  ["it has -1 segments", [{ builtin: "UNSORTED_SEGMENT_MAX" }, [x, indices(0, 0), number(-1)], [], [1, 2]]],
  ["do not fit", [{ builtin: "DILATE" }, [x, indices(0, 1), real(0)], [], [2, 2]]],
  ["do not fit", [{ builtin: "DILATE" }, [x, indices(2), real(0)], [], [2, 2]]],
  ["it fills up with 3", [{ builtin: "SPARSE_TO_DENSE" }, [indices(0), indices(2), reals(5), real(3)], [], [2]]],
  [
    "do not fit",
    [
      { builtin: "REVERSE_SEQUENCE", options: { kind: "ReverseSequenceOptions", seqDim: 1, batchDim: 1 } },
      [x, indices(1, 1)],
      [],
      [2, 2],
    ],
  ],
])("what can't be represented is refused: %s", (reason, each) => {
  expect(problemsOf(modelOf(each))[0]?.message).toContain(reason);
});
