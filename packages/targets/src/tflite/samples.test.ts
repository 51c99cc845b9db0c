import { DiagnosticError, numbersOf, type OperatorSample } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { oneNode, resultsOf, throughFile } from "./graphs.testing.ts";

/** What TFLite has no operator for. */
const unsupported = ["batchNorm"];

/** Operators whose states are no constants in a file; `states.test.ts` writes them. */
const stateful = ["svdf", "signalFilterBankSpectralSubtraction", "signalOverlapAdd", "signalFramer", "signalStacker"];

/** Samples that no file of TFLite can hold. */
const inexpressible = [
  "topK: one of each column",
  "atan2: column and row",
  "dequantize: for two columns of a row each",
];

function codesOf(run: () => unknown): readonly string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return error.diagnostics.map(({ code }) => code);
  }
}

const cases = [...operators.values()].flatMap((op) =>
  op.samples.map((sample) => ({ op, sample, name: `${op.name}: ${sample.name}` })),
);

function graphOf({ op, sample }: (typeof cases)[number]) {
  return oneNode(op, sample.inputs, sample.attributes, sample.quantizations);
}

function expectSample(sample: OperatorSample, graph: ReturnType<typeof oneNode>): void {
  const results = resultsOf(graph, sample.inputs[0]!);
  expect(results.length).toBe(sample.outputs.length);
  results.forEach((result, index) => {
    const expected = sample.outputs[index];
    expect({ dtype: result.dtype, shape: result.shape }).toEqual({ dtype: expected.dtype, shape: expected.shape });
    const [actual, wanted] = [numbersOf(result), numbersOf(expected)];
    for (let at = 0; at < wanted.length; at++) {
      if (Number.isFinite(wanted[at])) expect(actual[at]).toBeCloseTo(wanted[at], 4);
      else expect(actual[at]).toBe(wanted[at]);
    }
  });
}

describe("every operator's samples give their results after a way through a file", () => {
  it.each(cases)("$name", (sampleCase) => {
    const { op, sample } = sampleCase;
    const graph = graphOf(sampleCase);
    if (unsupported.includes(op.name)) {
      expect(codesOf(() => throughFile(graph))).toEqual(["tflite.unsupported-operator"]);
    } else if (sample.attributes["layout"] === "first") {
      expect(codesOf(() => throughFile(graph))).toContain("tflite.inexpressible");
    } else if (stateful.includes(op.name) || inexpressible.includes(sampleCase.name)) {
      expect(codesOf(() => throughFile(graph))).toEqual(["tflite.inexpressible"]);
    } else {
      expectSample(sample, throughFile(graph));
    }
  });
});
