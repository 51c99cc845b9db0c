import { Graph, type Shape } from "@millrace/ir";
import { describe, expect, test } from "vitest";
import { f32 } from "./literal.ts";
import { matmul } from "./matmul.ts";
import { broadcastAlongside, flipLayout } from "./transposing.ts";

const graph = new Graph("values");
const flowing = (shape: Shape) => graph.addInput("x", { dtype: "f32", shape });

describe("broadcastAlongside", () => {
  test.each([
    [
      "both move at equal rank",
      [flowing([2, 3]), flowing([1, 3])],
      [
        [1, 0],
        [1, 0],
      ],
    ],
    ["a single element stays", [flowing([2, 3]), flowing([1, 1])], [[1, 0], undefined]],
    [
      "a constant of lower rank gains axes",
      [flowing([2, 3]), graph.addConstant("c", f32([1, 2, 3]))],
      [
        [1, 0],
        [1, 0],
      ],
    ],
    ["a flowing value of lower rank can't move", [flowing([2, 3]), flowing([3])], undefined],
    [
      "a permutation of the lower rank says nothing about the result",
      [flowing([3, 1]), graph.addConstant("c", f32([[[1]], [[2]]]))],
      undefined,
    ],
  ] as const)("%s", (_, values, inputs) => {
    expect(broadcastAlongside(values, {}, [1, 0])?.inputs).toEqual(inputs);
  });
});

test("flipLayout follows only changes of layout", () => {
  expect(flipLayout({ layout: "first" }, [0, 2, 3, 1])?.attributes).toEqual({ layout: "last" });
  expect(flipLayout({ layout: "last" }, [0, 3, 1, 2])?.attributes).toEqual({ layout: "first" });
  expect(flipLayout({ layout: "last" }, [0, 2, 3, 1])).toBeUndefined();
  expect(flipLayout({ layout: "first" }, [0, 1, 2, 3])).toBeUndefined();
});

describe("matmul on permuted data", () => {
  const attributes = { transposeA: false, transposeB: false };
  const a = flowing([5, 2, 3, 4]);
  test.each([
    [
      "exchanged rows and columns become transposeA",
      a,
      flowing([4, 6]),
      [0, 1, 3, 2],
      { transposeA: true, outputs: [undefined] },
    ],
    ["batch axes move with b", a, flowing([5, 2, 4, 6]), [1, 0, 2, 3], { transposeA: false, outputs: [[1, 0, 2, 3]] }],
    [
      "batch axes move past a single matrix",
      a,
      flowing([4, 6]),
      [1, 0, 3, 2],
      { transposeA: true, outputs: [[1, 0, 2, 3]] },
    ],
    ["batch axes can't move where b has fewer", a, flowing([2, 4, 6]), [1, 0, 2, 3], undefined],
    ["columns can't become a batch", a, flowing([4, 6]), [3, 1, 2, 0], undefined],
  ] as const)("%s", (_, left, right, permutation, wanted) => {
    const found = matmul.transposed([left, right], attributes, permutation);
    expect(found && { transposeA: found.attributes.transposeA, outputs: found.outputs }).toEqual(wanted);
  });
});
