import { readPte } from "@millrace/formats/pte";
import { DiagnosticError, type Graph, parseGraph, type SizeBounds, type Tensor } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { exportPte } from "@millrace/targets/executorch";
import { describe, expect, it } from "vitest";
import { oneNode } from "../../../targets/src/tflite/graphs.testing.ts";
import { importExecutorch } from "./import.ts";
import { opened, resultsAt } from "./opened-graph.testing.ts";

const bounds: SizeBounds = new Map([
  ["N", { minimum: 1, maximum: 16 }],
  ["M", { minimum: 1, maximum: 8 }],
]);

/** What comes back of a graph that goes through a file. */
function throughFile(graph: Graph): Graph {
  return importExecutorch(readPte(exportPte(graph, { bounds }).bytes)).graph;
}

const samples = [...operators.values()].flatMap((op) =>
  op.samples
    .filter(({ inputs, quantizations = [] }) => inputs[0]?.shape.length && quantizations.every((each) => !each))
    .map((sample) => ({ op, sample, name: `${op.name}: ${sample.name}` })),
);

const reversed = "cumulativeSum: exclusive, from the end";
/** ExecuTorch rounds halves to even, asks for one truth value, and what turns an open axis around is not read. */
const others = [
  "quantize: halves away from zero, clamped",
  "while: doubling up to 10",
  "while: no round at all",
  reversed,
];
const written: string[] = [];

describe("every operator's samples with an open first size", () => {
  it.each(samples.filter(({ name }) => !others.includes(name)))("$name", ({ op, sample }) => {
    const [x] = sample.inputs as readonly Tensor[];
    const graph = opened(oneNode(op, sample.inputs, sample.attributes), x.shape[0]);
    if (graph === undefined || x.shape[0] === 0) return;
    try {
      const read = throughFile(graph);
      const isShared = sample.inputs.slice(1).some((other) => other?.shape[0] === x.shape[0]);
      for (const size of isShared ? [x.shape[0]] : [x.shape[0], 3]) {
        const expected = resultsAt(size, graph, x);
        const close = expected.map((numbers) => numbers.map((number) => expect.closeTo(number, 4)));
        expect(resultsAt(size, read, x)).toEqual(close);
      }
      written.push(op.name);
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      expect(error.diagnostics.map(({ code }) => code)).toEqual(["executorch.not-expressible"]);
    }
  });

  it("are written for most operators", () => expect(new Set(written).size).toBeGreaterThan(80));
});

describe("sizes that follow from open ones", () => {
  it("are computed from the inputs' by the program", () => {
    const graph = parseGraph(
      `graph g
      input x: f32[N,M]
      pair: f32[2*N,M] = concat(x, x) {axis=0}
      constant one: f32[1,1,1] = [1]
      ones: f32[2*N + 1,M,1] = expand(one) {shape=[2*N + 1,M,1]}
      turned: f32[M,2*N] = reshape(pair) {shape=[M,2*N]}
      output ones
      output turned`,
      operators,
    );
    const { bytes, operatorNames } = exportPte(graph, { bounds });
    expect(operatorNames.filter((name) => name.includes("sym") || name.includes("prim"))).toEqual([
      "aten::sym_size.int",
      "executorch_prim::mul.Scalar",
      "executorch_prim::add.Scalar",
      "aten::sym_size.int",
    ]);
    const read = importExecutorch(readPte(bytes));
    expect(read.bounds).toEqual(bounds);
    expect(read.graph.inputs[0].type.shape).toEqual(["N", "M"]);
    expect(read.graph.outputs.map(({ type }) => type.shape)).toEqual([
      ["2*N + 1", "M", 1],
      ["M", "2*N"],
    ]);
  });

  it("have room for the largest", () => {
    const graph = parseGraph(
      `graph g
      input x: f32[N]
      y: f32[2*N] = concat(x, x) {axis=0}
      output y`,
      operators,
    );
    const { values, nonConstBufferSizes } = readPte(exportPte(graph, { bounds }).bytes).methods[0];
    const tensors = values.filter(({ kind }) => kind === "Tensor");
    expect(tensors).toMatchObject([
      { sizes: [32], shapeDynamism: "DYNAMIC_BOUND" },
      { sizes: [16], shapeDynamism: "DYNAMIC_BOUND" },
    ]);
    expect(nonConstBufferSizes).toEqual([0n, BigInt((16 + 32) * 4)]);
  });
});
