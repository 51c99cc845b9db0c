import { readFileSync } from "node:fs";
import { createLiteRt } from "@millrace/devices/node";
import { bytesOf, type Graph, numbersOf, type Tensor, viewBytes } from "@millrace/ir";
import { load, prepare, wasmEngine, write } from "@millrace/toolkit";
import { describe, expect, it } from "vitest";
import { readNpy } from "../npy.ts";

interface QuantizedProgram {
  readonly name: string;
  /** Least ratios of signal and noise beside PyTorch's results, in dB: of the imported graph, of the TFLite file, and of the ExecuTorch program. */
  readonly imported: number;
  readonly written: number;
  readonly executorch: number;
  /** Operators of the TFLite file. */
  readonly operators: Readonly<Record<string, number>>;
}

const integers = {
  CONV_2D: 2,
  DEPTHWISE_CONV_2D: 1,
  PAD: 1,
  ADD: 1,
  MAX_POOL_2D: 1,
  CONCATENATION: 1,
  MEAN: 1,
  FULLY_CONNECTED: 1,
  TRANSPOSE: 1,
  QUANTIZE: 1,
  DEQUANTIZE: 1,
};

/**
 * Small networks of random weights, quantized and exported by PyTorch 2.6: convolutions with scales for channels in the ways of its XNNPACK quantizer and,
 * in core ATen, with zero points everywhere and int32 biases; layers whose data are quantized while they run; int4 weights in groups beside such data.
 */
const programs: readonly QuantizedProgram[] = [
  { name: "residual", imported: 40, written: 30, executorch: 30, operators: integers },
  { name: "residual_core", imported: 40, written: 30, executorch: 30, operators: integers },
  { name: "dynamic", imported: 120, written: 40, executorch: 40, operators: { FULLY_CONNECTED: 3, SOFTMAX: 1 } },
  { name: "groups", imported: 120, written: 40, executorch: 40, operators: { FULLY_CONNECTED: 1 } },
];

function file(name: string): URL {
  return new URL(`quantized/${name}`, import.meta.url);
}

function loaded(name: string) {
  return load({ name, bytes: new Uint8Array(readFileSync(file(name))) });
}

async function run(graph: Graph, x: Tensor): Promise<Tensor> {
  const prepared = await wasmEngine().prepare(graph);
  const results = await prepared.run(new Map([[graph.inputs[0].name, x]]));
  await prepared.dispose();
  return results.get(graph.outputs[0].name)!;
}

/** Signal and noise in dB. */
function ratioOf(actual: Tensor, expected: Tensor): number {
  const [left, right] = [numbersOf(actual), numbersOf(expected)];
  const powerOf = (numbers: ArrayLike<number>) => Array.from(numbers).reduce((sum, number) => sum + number * number, 0);
  return 10 * Math.log10(powerOf(right) / powerOf(Array.from(right, (number, at) => number - left[at])));
}

describe("quantized PyTorch programs", () => {
  it.each(programs)("$name: PyTorch's results, in integers in TFLite", async (program) => {
    const name = `${program.name}.pt2`;
    const [x, expected] = ["in", "out"].map((kind) => readNpy(file(`${program.name}.${kind}.npy`).pathname));
    const imported = ratioOf(await run(loaded(name).graph, x), expected);
    const { graph } = prepare(loaded(name), { ioLayout: "source" });
    const { bytes, operators } = write(graph, "tflite");
    const written = ratioOf(await run(load({ name: "model.tflite", bytes }).graph, x), expected);
    const runner = await (await createLiteRt()).load(bytes);
    const litert = ratioOf(viewBytes("f32", expected.shape, (await runner.run([bytesOf(x)]))[0]), expected);
    runner.dispose();
    const edge = write(graph, "pte");
    const executorch = ratioOf(await run(load({ name: "model.pte", bytes: edge.bytes }).graph, x), expected);
    console.log(program.name, [imported, written, litert, executorch].map((ratio) => ratio.toFixed(1)).join(" "), "dB");
    expect(operators).toEqual(program.operators);
    expect(imported).toBeGreaterThanOrEqual(program.imported);
    expect(written).toBeGreaterThanOrEqual(program.written);
    expect(litert).toBeGreaterThanOrEqual(program.written);
    expect(executorch).toBeGreaterThanOrEqual(program.executorch);
  });
});
