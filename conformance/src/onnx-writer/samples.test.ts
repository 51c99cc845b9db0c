import { bitsOf, Graph, numbersOf, type OperatorSample, type Tensor, type Value } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { referenceEngine } from "@millrace/runtime";
import { exportOnnx } from "@millrace/targets/onnx";
import { diagnosticsOf, load, run } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { openOnnxFile } from "../onnx-file.ts";

const opsets = [17, 18, 21, 23] as const;

/** Samples of each opset that have no form in it, at most; all others run. */
const mostRefused: Readonly<Record<(typeof opsets)[number], number>> = { 17: 40, 18: 34, 21: 33, 23: 33 };

/** onnxruntime-node can neither take nor give tensors of less than a byte an element. */
const isHandled = ({ inputs, outputs }: OperatorSample) =>
  [...inputs, ...outputs].every((tensor) => tensor === undefined || bitsOf(tensor.dtype) >= 8);

/** ONNX rounds halves to even numbers only, so that one of them is a step away. */
const stepAway = ["quantize: halves away from zero, clamped"];

const cases = [...operators.values()].flatMap((op) =>
  op.samples.filter(isHandled).map((sample) => ({ op, sample, name: `${op.name}: ${sample.name}` })),
);

/** A graph of the sample's node, whose first operand is the input and whose others are constants. */
function graphOf({ op, sample: { inputs, quantizations, attributes } }: (typeof cases)[number]): Graph {
  const graph = new Graph("sample");
  const operands = inputs.map((tensor, index): Value | undefined => {
    const quantization = quantizations?.[index];
    if (tensor === undefined || index > 0) return tensor && graph.addConstant(`operand${index}`, tensor, quantization);
    return graph.addInput("x", { dtype: tensor.dtype, shape: tensor.shape, ...(quantization && { quantization }) });
  });
  graph.setOutputs(graph.addNode({ op, inputs: operands, attributes, name: "y" }).outputs);
  return graph;
}

/** The file, or what says that there is none. */
function written(graph: Graph, opset: number): Uint8Array | readonly string[] {
  try {
    return exportOnnx(graph, [], { opset }).bytes;
  } catch (error) {
    return diagnosticsOf(error)!.map(({ code }) => code);
  }
}

function expectResults(results: readonly Tensor[], expected: readonly Tensor[], step: number): void {
  expect(results.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
  for (const [index, { shape, data }] of expected.entries()) {
    const [actual, wanted] = [numbersOf(results[index]), numbersOf({ ...expected[index], shape, data })];
    for (let at = 0; at < wanted.length; at++) {
      if (!Number.isFinite(wanted[at])) expect(actual[at]).toBe(wanted[at]);
      else
        expect(Math.abs(actual[at] - wanted[at])).toBeLessThanOrEqual(step + 1e-4 * Math.max(1, Math.abs(wanted[at])));
    }
  }
}

describe.each(opsets)("operators' samples written in opset %s", (opset) => {
  let refused = 0;

  it.each(cases)("give their results in onnxruntime and when read back: $name", async (one) => {
    const file = written(graphOf(one), opset);
    if (!(file instanceof Uint8Array)) {
      for (const code of file) expect(["onnx.not-expressible", "onnx.opset"]).toContain(code);
      refused++;
      return;
    }
    const { inputs, outputs } = one.sample;
    const step = stepAway.includes(one.name) ? 1 : 0;
    const session = await openOnnxFile(file);
    expectResults(await session.run([inputs[0]!]), outputs, step);
    await session.release();
    const { graph } = load({ name: "sample.onnx", bytes: file });
    const results = await run(graph, referenceEngine(), new Map([["0", inputs[0]!]]));
    expectResults([...results.values()], outputs, step);
  });

  it("are refused with a reason where they have no form", () => {
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThanOrEqual(mostRefused[opset]);
  });
});
