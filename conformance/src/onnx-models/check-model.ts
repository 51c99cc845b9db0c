import { givenInputs, isFloat, numbersOf, resultOutputs, type Tensor, type Value } from "@millrace/ir";
import { dequantize } from "@millrace/ops";
import { diagnosticsOf, load, wasmEngine } from "@millrace/toolkit";
import { convertModel, type ModelSettings } from "../converted-model.ts";
import { pathOf } from "../golden.ts";
import type { ModelFile } from "./model-files.ts";

/** What became of an ONNX model in TFLite. */
export type ModelOutcome =
  | { readonly kind: "refused"; readonly codes: readonly string[]; readonly message: string }
  | {
      readonly kind: "ran";
      readonly operators: Readonly<Record<string, number>>;
      readonly transposes: number;
      /** The greatest difference from onnxruntime, in the unit. */
      readonly worst: number;
      /** The bound of reals, or the step of results that integers stand for. */
      readonly unit: "bounds" | "steps";
      readonly bytes: number;
      readonly milliseconds: number;
    };

/** The bound of reals: results a and onnxruntime's b are equal if |a - b| <= absolute + relative |b|. */
const absolute = 1e-4;
const relative = 1e-3;

/** Converts a model with channel-last inputs and outputs, reads the file back, runs it, and compares with onnxruntime on the source. */
export async function checkModel({ name, settings }: ModelFile): Promise<ModelOutcome> {
  const started = performance.now();
  const converted = await convertOrRefuse(name, settings);
  if ("kind" in converted) return converted;
  const { bytes, operators } = converted.written;
  const { graph } = load({ name: "model.tflite", bytes });
  const prepared = await wasmEngine().prepare(graph);
  const results = await prepared.run(
    new Map(givenInputs(graph).map(({ name }, index) => [name, converted.inputs[index]])),
  );
  await prepared.dispose();
  const outputs = resultOutputs(graph);
  const differences = outputs.map(({ value }, index) =>
    greatest(results.get(value.name)!, converted.expected[index], stepOf(value)),
  );
  return {
    kind: "ran",
    operators,
    transposes: operators["TRANSPOSE"] ?? 0,
    worst: Math.max(...differences),
    unit: outputs.some(({ value }) => stepOf(value)) ? "steps" : "bounds",
    bytes: bytes.length,
    milliseconds: performance.now() - started,
  };
}

async function convertOrRefuse(name: string, settings: ModelSettings) {
  try {
    return await convertModel(pathOf(name), "nhwc", settings);
  } catch (error) {
    const diagnostics = diagnosticsOf(error)?.filter(({ severity }) => severity === "error");
    if (!diagnostics?.length) throw error;
    return { kind: "refused", codes: diagnostics.map(({ code }) => code), message: diagnostics[0].message } as const;
  }
}

/** The scale of the integers that an output is made real from, before it is rearranged at most. */
function stepOf({ producer }: Value): number | undefined {
  const [source] = producer?.inputs ?? [];
  if (producer?.op === dequantize) return source?.type.quantization?.scale[0];
  const rule = producer?.op.quantization;
  return source && rule?.kind === "same" && !rule.rounds ? stepOf(source) : undefined;
}

function greatest(actual: Tensor, expected: Tensor, step: number | undefined): number {
  if (actual.shape.join() !== expected.shape.join() || isFloat(actual.dtype) !== isFloat(expected.dtype)) {
    return Number.POSITIVE_INFINITY;
  }
  const [left, right] = [numbersOf(actual), numbersOf(expected)];
  const unit = (wanted: number) => step ?? absolute + relative * Math.abs(wanted);
  return Array.from(left).reduce((most, value, at) => Math.max(most, Math.abs(value - right[at]) / unit(right[at])), 0);
}

/** The lines of a model in the table. */
export function describeOutcome(name: string, outcome: ModelOutcome): string {
  if (outcome.kind === "refused") return `${name}\n  refused: ${outcome.message}`;
  const { operators, transposes, worst, unit, bytes, milliseconds } = outcome;
  const histogram = Object.entries(operators).map(([operator, count]) => `${count} ${operator}`);
  return [
    `${name}  ${bytes} bytes, ${transposes} transposes, ${worst.toFixed(3)} ${unit} off, ${Math.round(milliseconds)} ms`,
    `  ${histogram.join(", ")}`,
  ].join("\n");
}
