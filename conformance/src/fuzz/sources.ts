import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type NpyArray, writeNpy, writeNpz } from "@millrace/formats/npy";
import { Graph } from "@millrace/ir";
import { operators } from "@millrace/ops";
import { write } from "@millrace/toolkit";
import { isShared, pathOf } from "../golden.ts";

/** A file that mutations start from. */
export interface FuzzSource {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const digits = fileURLToPath(new URL("../../../examples/digits/", import.meta.url));

/** A file of the digits example. */
export function example(name: string): FuzzSource {
  return { name, bytes: read(join(digits, name)) };
}

/** Arrays as numpy stores them, one alone and two together. */
export function arraySources(): readonly FuzzSource[] {
  const floats = { dtype: "f32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } as const;
  const longs = { dtype: "i64", shape: [2], data: BigInt64Array.of(1n, 2n) } as const;
  const archive = writeNpz(
    new Map<string, NpyArray>([
      ["floats", floats],
      ["longs", longs],
    ]),
  );
  return [
    { name: "floats.npy", bytes: writeNpy(floats) },
    { name: "both.npz", bytes: archive },
  ];
}

/** Every operator's samples as files of one node, but for those that a format can't express. */
export function operatorSources(format: "tflite" | "onnx"): readonly FuzzSource[] {
  return [...operators.values()].flatMap((op) =>
    op.samples.flatMap((sample, at) => {
      const graph = new Graph("sample");
      const inputs = sample.inputs.map((tensor, index) => {
        const quantization = sample.quantizations?.[index];
        if (tensor === undefined) return undefined;
        if (index === 0) return graph.addInput("input", { ...tensor, ...(quantization && { quantization }) });
        return graph.addConstant(`constant${index}`, tensor, quantization);
      });
      graph.setOutputs(graph.addNode({ op, inputs, attributes: sample.attributes, name: "node" }).outputs);
      const bytes = writtenOrNothing(graph, format);
      return bytes ? [{ name: `${op.name}${at}.${format}`, bytes }] : [];
    }),
  );
}

function writtenOrNothing(graph: Graph, format: "tflite" | "onnx"): Uint8Array | undefined {
  try {
    return write(graph, format).bytes;
  } catch {
    return undefined;
  }
}

/** Single operators and small models of other converters; empty where they are not beside the checkout. */
export function sharedSources(): readonly FuzzSource[] {
  if (!isShared) return [];
  const folders = [
    "fixtures/kernels",
    "assets/tflm",
    "assets/onnx_models",
    "fixtures/peers",
    "fixtures/vibration",
    "fixtures/torch26",
  ];
  return folders.flatMap(filesIn).map((path) => ({ name: path, bytes: read(pathOf(path)) }));
}

const largest = 400_000;

function filesIn(folder: string): readonly string[] {
  if (!existsSync(pathOf(folder))) return [];
  return readdirSync(pathOf(folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(tflite|onnx|pt2)$/.test(name))
    .map((name) => join(folder, name))
    .filter((path) => read(pathOf(path)).length <= largest)
    .sort();
}

function read(path: string): Uint8Array {
  return new Uint8Array(readFileSync(path));
}
