import { isPortableKernel, isQuantizedKernel, outputsOf, schemaOf } from "@millrace/formats/aten";
import { type PteMethod, readPtd, readPte } from "@millrace/formats/pte";
import { DiagnosticError, type Graph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { describe, expect, it } from "vitest";
import { oneNode, randomTensor } from "../tflite/graphs.testing.ts";
import { exportPte } from "./export-pte.ts";
import { planTensors } from "./plan-tensors.ts";

function written(graph: Graph): PteMethod | undefined {
  try {
    return readPte(exportPte(graph).bytes).methods[0];
  } catch (error) {
    if (error instanceof DiagnosticError) return undefined;
    throw error;
  }
}

/** What of a method's calls no ExecuTorch runtime could do. */
function problemsOf({ chains, operators: called, values }: PteMethod): readonly string[] {
  return chains[0].instructions.flatMap((instruction) => {
    if (instruction.kind !== "KernelCall") return [];
    const { name = "", overload = "" } = called[instruction.opIndex];
    const label = `${name}.${overload}`;
    if (!isPortableKernel(name, overload) && !isQuantizedKernel(name, overload)) return [`${label} is no kernel`];
    const schema = schemaOf(name, overload)!;
    const { args } = instruction;
    if (args.length !== schema.arguments.length + 1) return [`${label} has ${args.length} arguments`];
    const outputs = outputsOf(schema);
    const firstOutput = schema.arguments.indexOf(outputs[0]);
    const given = args.slice(firstOutput, firstOutput + outputs.length);
    const returned = values[args[args.length - 1]];
    const items = returned.kind === "TensorList" && outputs.length > 1 ? returned.items : [args[args.length - 1]];
    return JSON.stringify(items) === JSON.stringify(given) ? [] : [`${label} returns something else than it writes`];
  });
}

const samples = [...operators.values()].flatMap((op) =>
  op.samples.map((sample) => ({ op, sample, name: `${op.name}: ${sample.name}` })),
);

describe("ExecuTorch programs", () => {
  it.each(samples)("call kernels of ExecuTorch's libraries as these expect it: $name", ({ op, sample }) => {
    const method = written(oneNode(op, sample.inputs, sample.attributes, sample.quantizations));
    if (method) expect(problemsOf(method)).toEqual([]);
  });

  const { op, attributes } = {
    op: operators.get("linear")!,
    attributes: { activation: "relu" },
  };
  const layer = () => oneNode(op, [randomTensor([2, 3]), randomTensor([4, 3]), randomTensor([4])], attributes);

  it("keep what is needed at once apart, at multiples of 16 bytes", () => {
    const { edge } = exportPte(layer());
    const { plan, offsets } = planTensors(edge, 1000);
    expect([...offsets.values()].every((offset) => offset % 16 === 0)).toBe(true);
    expect(plan.arenaBytes).toBeGreaterThanOrEqual(2 * 4 * 4 + 2 * 3 * 4);
    expect(edge.steps.map((step) => ("operator" in step ? step.operator : undefined))).toEqual([
      "aten.addmm.default",
      "aten.relu.default",
    ]);
  });

  it("look parameters up by name in a file of their own", () => {
    const { bytes, weights } = exportPte(layer(), { externalWeights: true });
    const { entries } = readPtd(weights!);
    const { values } = readPte(bytes).methods[0];
    const names = values.flatMap((value) =>
      value.kind === "Tensor" && value.extraTensorInfo?.location === "EXTERNAL"
        ? [value.extraTensorInfo.fullyQualifiedName]
        : [],
    );
    expect(new Set(names)).toEqual(new Set(entries.map(({ key }) => key)));
    expect(entries.map(({ layout }) => layout?.sizes)).toContainEqual([3, 4]);
  });

  it("give the same bytes for the same graph", () => {
    expect(exportPte(layer()).bytes).toEqual(exportPte(layer()).bytes);
  });
});
