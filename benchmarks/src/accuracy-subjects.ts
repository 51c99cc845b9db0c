import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { nodeOnnxruntime } from "@millrace/devices/node";
import {
  compile,
  type Dataset,
  type Engine,
  feedsOf,
  type Graph,
  type Inference,
  load,
  type ModelInput,
  modelInputs,
  type Outputs,
  prepare,
  type QuantizeRequest,
  realOutputs,
  wasmEngine,
} from "@millrace/toolkit";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { BenchmarkNet } from "./accuracy-nets.ts";

/** One form of a network that can be run on real values. */
export interface Subject {
  readonly name: string;
  readonly bytes: number;
  /** Time that making it took in this process. */
  readonly seconds?: number;
  readonly inputs: readonly ModelInput[];
  infer(inference: Inference): Promise<Outputs>;
}

/** The settings that are measured; the first is the default. */
const settings: readonly (readonly [string, QuantizeRequest])[] = [
  ["int8", {}],
  ["int8, min/max", { calibration: "minmax" }],
  ["int8, equalized", { recover: ["equalize"] }],
  ["int16x8", { scheme: "int16x8" }],
];

function readModel(path: string) {
  return { name: basename(path), bytes: new Uint8Array(readFileSync(path)) };
}

async function graphSubject(name: string, bytes: number, graph: Graph, engine: Engine): Promise<Subject> {
  const prepared = await engine.prepare(graph);
  return {
    name,
    bytes,
    inputs: modelInputs(graph),
    infer: async (inference) => realOutputs(graph, await prepared.run(feedsOf(graph, inference))),
  };
}

async function tfliteSubject(name: string, bytes: Uint8Array): Promise<Subject> {
  return graphSubject(name, bytes.length, load({ name: "model.tflite", bytes }).graph, wasmEngine());
}

async function compiledSubject(name: string, model: string, data: Dataset, request: QuantizeRequest): Promise<Subject> {
  const start = performance.now();
  const options = { ...request, floatEngine: nodeOnnxruntime(), measure: false };
  const { outputs } = await compile(readModel(model), data, options);
  const seconds = (performance.now() - start) / 1000;
  return { ...(await tfliteSubject(`Millrace ${name}`, outputs[0].bytes)), seconds };
}

/** A file that onnxruntime runs as it is, with one float input and one float output. */
async function onnxSubject(name: string, path: string): Promise<Subject> {
  const { bytes } = readModel(path);
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const [input] = session.inputMetadata;
  if (!input.isTensor) throw new Error(`${path}: ${input.name} is no tensor`);
  const shape = input.shape.map((size) => (typeof size === "number" ? size : 1));
  return {
    name,
    bytes: bytes.length,
    inputs: [{ name: input.name, shape, dtype: "f32" }],
    async infer(inference) {
      const feed = new OrtTensor("float32", inference.get(input.name)!.data as Float32Array, shape);
      const output = (await session.run({ [input.name]: feed }))[session.outputNames[0]];
      return new Map([["output", { dtype: "f32", shape: output.dims, data: output.data as Float32Array }]]);
    },
  };
}

export interface Subjects {
  readonly float: Subject;
  /** Ours in every setting, the default first. */
  readonly ours: readonly [Subject, ...Subject[]];
  /** Of the peers whose files are there. */
  readonly peers: readonly Subject[];
}

export async function subjectsOf(net: BenchmarkNet, data: Dataset): Promise<Subjects> {
  const model = readModel(net.model);
  const { graph } = prepare(load(model), { ioLayout: "source" });
  const float = await graphSubject("float", model.bytes.length, graph, nodeOnnxruntime());
  const ours: Subject[] = [];
  for (const [name, request] of settings) ours.push(await compiledSubject(name, net.model, data, request));
  const peers: Subject[] = [];
  for (const peer of net.peers) {
    if (!("path" in peer)) continue;
    const made = peer.path.endsWith(".onnx")
      ? onnxSubject(peer.maker, peer.path)
      : tfliteSubject(peer.maker, readModel(peer.path).bytes);
    peers.push(await made);
  }
  return { float, ours: ours as [Subject, ...Subject[]], peers };
}
