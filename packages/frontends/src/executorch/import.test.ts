import { readPte } from "@millrace/formats/pte";
import { DiagnosticError, numbersOf, type Tensor } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { exportPte } from "@millrace/targets/executorch";
import { describe, expect, it } from "vitest";
import { oneNode, resultsOf } from "../../../targets/src/tflite/graphs.testing.ts";
import { importExecutorch } from "./import.ts";

/** What comes back of a graph that goes through a file; undefined where no file can hold it. */
function throughFile(graph: ReturnType<typeof oneNode>) {
  try {
    return importExecutorch(readPte(exportPte(graph).bytes)).graph;
  } catch (error) {
    if (error instanceof DiagnosticError && error.diagnostics[0].code.startsWith("executorch.not-expr"))
      return undefined;
    throw error;
  }
}

function expectClose(actual: Tensor, expected: Tensor): void {
  expect({ dtype: actual.dtype, shape: actual.shape }).toEqual({ dtype: expected.dtype, shape: expected.shape });
  const [found, wanted] = [numbersOf(actual), numbersOf(expected)];
  for (let at = 0; at < wanted.length; at++)
    if (Number.isFinite(wanted[at])) expect(found[at]).toBeCloseTo(wanted[at], 4);
    else expect(found[at]).toBe(wanted[at]);
}

const samples = [...operators.values()].flatMap((op) =>
  op.samples.map((sample) => ({ op, sample, name: `${op.name}: ${sample.name}` })),
);

/** ExecuTorch rounds halves to even. */
const others = ["quantize: halves away from zero, clamped"];

/** Samples of operators on reals and plain integers: files say of no others what they stand for. */
const plain = samples.filter(
  ({ name, sample: { quantizations = [] } }) =>
    !others.includes(name) && quantizations.every((quantization) => quantization === undefined),
);

describe("every operator's samples give their results after a way through an ExecuTorch program", () => {
  it.each(plain)("$name", ({ op, sample }) => {
    const graph = throughFile(oneNode(op, sample.inputs, sample.attributes));
    if (graph === undefined) return;
    const results = resultsOf(graph, sample.inputs[0]!);
    for (const [index, expected] of sample.outputs.entries()) expectClose(results[index], expected);
  });
});

describe("ExecuTorch programs of stored integers", () => {
  it("tell what their inputs and outputs stand for", () => {
    const quantization = { scale: [0.5], zeroPoint: [3] };
    const x = { dtype: "i8", shape: [2], data: Int8Array.of(-7, 9) } as const;
    const graph = oneNode(operators.get("reshape")!, [x], { shape: [2, 1] }, [quantization]);
    graph.setType(graph.outputs[0], { ...graph.outputs[0].type, quantization });
    const read = throughFile(graph)!;
    expect([read.inputs[0].type.quantization, read.outputs[0].type.quantization]).toEqual([quantization, quantization]);
  });
});
