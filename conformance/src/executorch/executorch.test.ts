import { isPortableKernel, isQuantizedKernel, operatorNames } from "@millrace/formats/aten";
import { readPte } from "@millrace/formats/pte";
import { DiagnosticError, elementCount, fromNumbers, type Graph, numbersOf, type Tensor } from "@millrace/ir";
import { operators, transposeTensor } from "@millrace/ops";
import { exportPte, type PteExportOptions } from "@millrace/targets/executorch";
import { load, prepare, run, wasmEngine, write } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import {
  entriesLike,
  opened,
  resultsAt,
  sizesAndNumbers,
} from "../../../packages/frontends/src/executorch/opened-graph.testing.ts";
import { fourRuns, statefulSamples } from "../../../packages/targets/src/executorch/stateful.testing.ts";
import { numberStream, oneNode } from "../../../packages/targets/src/tflite/graphs.testing.ts";
import { importFile, isShared, pathOf } from "../golden.ts";
import { readNpy } from "../npy.ts";
import { greatest, loaded, sampleOf } from "../torch-models/check-program.ts";
import { programFiles } from "../torch-models/program-files.ts";
import { methodsOf, registeredKernels, runProgram, runtime } from "./run-program.ts";

const samples = [...operators.values()].flatMap((op) =>
  op.samples.map((sample) => ({ op, sample, name: `${op.name}: ${sample.name}` })),
);

/** ExecuTorch rounds halves to even, and an axis with a scale for each index is not open. */
const others = ["quantize: halves away from zero, clamped"];
const fixed = ["quantize: for each row"];
const judged = samples.filter(({ name }) => !others.includes(name));
const open = judged.filter(({ name }) => !fixed.includes(name));

/** The program of a graph; undefined where it can't be written. */
function written(graph: Graph, options: PteExportOptions = {}): Uint8Array | undefined {
  try {
    return exportPte(graph, options).bytes;
  } catch (error) {
    if (error instanceof DiagnosticError) return undefined;
    throw error;
  }
}

function expectClose(actual: Tensor, expected: Tensor): void {
  expect({ dtype: actual.dtype, shape: actual.shape }).toEqual({ dtype: expected.dtype, shape: expected.shape });
  const wanted = Array.from(numbersOf(expected), Number);
  expect(Array.from(numbersOf(actual), Number)).toEqual(wanted.map((number) => expect.closeTo(number, 4)));
}

describe.skipIf(!runtime.isThere)(runtime.name, () => {
  it("has all kernels that programs may call", () => {
    const known = registeredKernels();
    const called = operatorNames.filter((name) => {
      const [operator, overload = ""] = name.split(".");
      return isPortableKernel(operator, overload) || isQuantizedKernel(operator, overload);
    });
    expect(called.filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(judged)("computes $name", ({ op, sample }) => {
    const program = written(oneNode(op, sample.inputs, sample.attributes, sample.quantizations));
    if (program === undefined) return;
    const [results] = runProgram({ program, feeds: [[sample.inputs[0]!]] });
    for (const [index, expected] of sample.outputs.entries()) expectClose(results[index], expected);
  });

  it.each(open)("computes, for any number of entries, $name", ({ op, sample }) => {
    const [x] = sample.inputs as readonly Tensor[];
    if (!x.shape[0]) return;
    const graph = opened(oneNode(op, sample.inputs, sample.attributes, sample.quantizations), x.shape[0]);
    const program = graph && written(graph, { bounds: new Map([["N", { minimum: 1, maximum: 16 }]]) });
    if (graph === undefined || program === undefined) return;
    const isFixed = sample.inputs.slice(1).some((other) => other?.shape[0] === x.shape[0]);
    const sizes = isFixed ? [x.shape[0]] : [x.shape[0], 16, 1, 5];
    const runs = runProgram({ program, feeds: sizes.map((size) => [entriesLike(x, size)]) });
    for (const [run, size] of sizes.entries()) {
      const expected = resultsAt(size, graph, x).map((numbers) => numbers.map((number) => expect.closeTo(number, 4)));
      expect(runs[run].map(sizesAndNumbers)).toEqual(expected);
    }
  });

  it.each(statefulSamples)(
    "keeps states from run to run, from their first contents on: $graph.name",
    async (sample) => {
      const { graph, x } = sample;
      const expected = await fourRuns(graph, x);
      const runs = runProgram({ program: exportPte(graph).bytes, feeds: expected.map(() => [x]) });
      const numbers = runs.map((results) => results.map((result) => Array.from(numbersOf(result), Number)));
      expect(numbers).toEqual(expected);
    },
  );

  it("lists the methods of a program, those that tell what stored integers stand for among them", () => {
    const quantization = { scale: [0.5], zeroPoint: [3] };
    const x = fromNumbers("i8", [2], [-7, 9]);
    const graph = oneNode(operators.get("reshape")!, [x], { shape: [2, 1] }, [quantization]);
    graph.setType(graph.outputs[0], { ...graph.outputs[0].type, quantization });
    const program = exportPte(graph).bytes;
    expect(methodsOf(program)).toEqual(readPte(program).methods.map(({ name }) => name));
    const [[result]] = runProgram({ program, feeds: [[x]] });
    expect(result).toMatchObject({ dtype: "i8", shape: [2, 1], data: x.data });
  });
});

const files = programFiles.flatMap((file) =>
  [false, true].map((externalWeights) => ({
    file,
    externalWeights,
    name: `${file.name}, parameters ${externalWeights ? "beside it" : "in it"}`,
  })),
);

const networks = ["ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "vww_96_int8"];

describe.skipIf(!runtime.isThere || !isShared)(`${runtime.name}, given files of the shared folder`, () => {
  it.each(files)("computes what PyTorch computed: $name", ({ file, externalWeights }) => {
    const [inputs, results] = file.samples.map((path) => readNpy(pathOf(path)));
    const stored = file.permutation ? transposeTensor(inputs, file.permutation) : inputs;
    const { graph } = prepare(loaded(file.name), { ioLayout: "source", unrolled: true });
    const { bytes: program, weights } = write(graph, "pte", { externalWeights });
    const given = Array.from({ length: Math.min(4, stored.shape[0]) }, (_, index) => index);
    const feeds = given.map((index) => [sampleOf(stored, index)]);
    const runs = runProgram({ program, feeds, ...(weights && { weights }) });
    for (const index of given) expect(greatest(runs[index][0], sampleOf(results, index))).toBeLessThanOrEqual(1e-4);
  });

  it.each(networks)("computes integers of %s as we do, but for a step where reals are halves", async (name) => {
    const program = exportPte(importFile(`assets/mlperf_tiny_models/${name}.tflite`)).bytes;
    const { graph } = load({ name: "model.pte", bytes: program });
    const [{ name: input, type }] = graph.inputs;
    const shape = type.shape as readonly number[];
    const next = numberStream();
    const bytes = Array.from({ length: elementCount(shape) }, () => Math.round(127 * next()));
    const x = fromNumbers(type.dtype, shape, bytes);
    const expected = (await run(graph, wasmEngine(), new Map([[input, x]]))).get(graph.outputs[0].name)!;
    const [[result]] = runProgram({ program, feeds: [[x]] });
    expect(greatest(result, expected)).toBeLessThanOrEqual(1);
  });
});
