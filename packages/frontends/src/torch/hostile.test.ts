import { type SchemaArgument, schemaOf } from "@millrace/formats/aten";
import type { Argument } from "@millrace/formats/pt2";
import { verify } from "@millrace/ir";
import { describe, expect, it } from "vitest";
import { importTorch } from "./import.ts";
import { handlers } from "./operators.ts";
import { problemsOf, program, real, t } from "./program.testing.ts";

/** Numbers that are the same in every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const shapes: readonly (readonly number[])[] = [
  [],
  [3],
  [2, 3],
  [1, 2, 3],
  [1, 2, 4, 4],
  [0, 2],
  [1, 2, 2, 2, 2],
  [2 ** 40],
];
const integers = [0, 1, -1, 2, 3, -7, 2 ** 40, -(2 ** 53)];
const reals = [0, 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY];
const texts = ["none", "tanh", "floor", "same", "reflect", "sum", "", "i->i"];
const types = ["float32", "int64", "bool", "uint8", "complex64", "unknown"] as const;

/** Any argument that the schema's type may have, however little sense it makes, and now and then one of another type. */
function anyArgument({ type }: SchemaArgument, random: (below: number) => number): Argument {
  const pick = <T>(list: readonly T[]) => list[random(list.length)];
  const base = random(12) === 0 ? pick(["Tensor", "int", "str", "float"]) : type.base;
  if (type.optional && random(3) === 0) return { kind: "none" };
  const count = random(5);
  if (type.list && base === "Tensor")
    return {
      kind: "optionalTensors",
      names: Array.from({ length: count }, () =>
        pick(type.list!.optionalElements ? ["x", "i", undefined] : ["x", "i"]),
      ),
    };
  if (type.list) return { kind: "ints", values: Array.from({ length: count }, () => pick(integers)) };
  if (base === "Tensor") return t(pick(["x", "y", "i", "b"]));
  if (base === "float") return { kind: "float", value: pick(reals) };
  if (base === "bool") return { kind: "bool", value: random(2) === 0 };
  if (base === "str") return { kind: "string", value: pick(texts) };
  if (base === "ScalarType") return { kind: "scalarType", value: pick(types) };
  return { kind: "int", value: pick(integers) };
}

function anyProgram(target: string, seed: number) {
  const random = randomNumbers(seed);
  const shape = () => shapes[random(shapes.length)];
  const given = (schemaOf(target)?.arguments ?? []).flatMap((argument): [string, Argument][] =>
    argument.initial !== undefined && random(2) === 0 ? [] : [[argument.name, anyArgument(argument, random)]],
  );
  return program({
    inputs: { x: shape(), y: shape(), i: shape(), b: shape() },
    types: { i: "int64", b: "bool" },
    nodes: [[random(2) ? "a" : ["a", "c", "d"], target, Object.fromEntries(given)]],
    outputs: ["a"],
  });
}

describe("nodes without sense", () => {
  const names = Object.keys(handlers).filter((name) => !name.startsWith("higher_order."));

  it.each(names)("end in a graph or in diagnostics with hints: %s", (name) => {
    for (let seed = 1; seed <= 4; seed++) {
      const model = anyProgram(name, seed * 7919);
      const problems = problemsOf(model).filter(({ severity }) => severity === "error");
      if (problems.length === 0) expect(verify(importTorch(model).graph)).toEqual([]);
      for (const { code, hint } of problems) {
        expect(code).toMatch(/^torch\.|^pt2\./);
        expect(hint, code).toBeTruthy();
      }
    }
  });

  it("are refused where a result is read that nothing computes", () => {
    const names = ["result", "mean", "inverse"];
    const others = { running_mean: t("mean0"), running_var: t("var0"), training: true, momentum: 0.1, eps: real(0) };
    const model = program({
      inputs: { x: [2, 1, 2], mean0: [1], var0: [1] },
      nodes: [[names, "aten.native_batch_norm.default", { input: t("x"), weight: null, bias: null, ...others }]],
      outputs: names,
    });
    expect(problemsOf(model).map(({ code, message }) => [code, message])).toContainEqual([
      "torch.unsupported",
      expect.stringContaining('its result "mean" is read'),
    ]);
  });

  it.each([
    ["aten._linalg_svd.default", "matrices"],
    ["aten.cholesky_inverse.default", "matrices"],
    ["aten.to_sparse.default", "sparse"],
  ])("of %s are refused with the reason", (target, reason) => {
    const model = program({ inputs: { x: [2, 2] }, nodes: [["y", target, { self: t("x") }]], outputs: ["y"] });
    const [{ code, message }] = problemsOf(model);
    expect([code, message]).toEqual(["torch.unknown-operator", expect.stringContaining(reason)]);
  });
});
