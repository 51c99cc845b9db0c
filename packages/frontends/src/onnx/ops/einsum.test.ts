import { describe, expect, it } from "vitest";
import { diagnosticsOf, input, node, run, text } from "../model.testing.ts";

const count = (length: number) => Array.from({ length }, (_, index) => index + 1);

function sumOf(equation: string, ...shapes: readonly (readonly number[])[]) {
  const names = shapes.map((_, index) => `x${index}`);
  const parts = {
    inputs: shapes.map((shape, index) => input(names[index], shape)),
    nodes: [node(`Einsum ${names.join(" ")} -> y`, text("equation", equation))],
    outputs: ["y"],
  };
  const data = shapes.map((shape) => count(shape.reduce((product, size) => product * size, 1)));
  return { parts, result: () => run(parts, ...data) };
}

describe("Einsum", () => {
  it.each([
    ["ij->ji", [[2, 3]], [3, 2], [1, 4, 2, 5, 3, 6]],
    ["ij->", [[2, 3]], [], [21]],
    ["ij", [[2, 2]], [2, 2], [1, 2, 3, 4]],
    ["ba", [[2, 2]], [2, 2], [1, 3, 2, 4]],
    ["ii", [[2, 2]], [], [5]],
    ["...ii->...i", [[2, 2, 2]], [2, 2], [1, 4, 5, 8]],
    ["iii->i", [[2, 2, 2]], [2], [1, 8]],
    ["i,i", [[3], [3]], [], [14]],
    ["i,j->ij", [[2], [2]], [2, 2], [1, 2, 2, 4]],
    ["i,i->i", [[3], [3]], [3], [1, 4, 9]],
    [
      "bij,bjk->bik",
      [
        [1, 2, 2],
        [1, 2, 2],
      ],
      [1, 2, 2],
      [7, 10, 15, 22],
    ],
    [
      "...ij,...jk",
      [
        [2, 1, 2],
        [2, 2],
      ],
      [2, 1, 2],
      [7, 10, 15, 22],
    ],
    ["b...,b->...", [[2, 1, 2], [2]], [1, 2], [7, 10]],
    ["i,j,ij->", [[2], [2], [2, 2]], [], [27]],
    ["i,ij,j->ij", [[2], [2, 2], [2]], [2, 2], [1, 4, 6, 16]],
    ["i,i->i", [[1], [3]], [3], [1, 2, 3]],
  ] as const)("computes %s", (equation, shapes, shape, values) => {
    expect(sumOf(equation, ...shapes).result()).toEqual({ shape, values });
  });

  it("refuses equations that do not fit", () => {
    for (const equation of ["ij->k", "ijk", "i->ii", "ij,jk->ik", "i.j", "i1"])
      expect(diagnosticsOf(sumOf(equation, [2, 2]).parts)).toMatchObject([{ code: "onnx.shape" }]);
  });
});
