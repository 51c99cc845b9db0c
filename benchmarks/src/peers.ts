import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { createLiteRt, folderFiles, nodeOnnxruntime, type TfliteRunner } from "@millrace/devices/node";
import { readTflite } from "@millrace/formats/tflite";
import { type CompileOptions, compile, convert, openDataset } from "@millrace/toolkit";
import { interleaved } from "./engine.ts";
import { someBytes } from "./engine-models.ts";
import { type Benchmark, type Row, row } from "./row.ts";

const shared = new URL("../../../shared/", import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, shared));
const read = (name: string) => ({ name: basename(name), bytes: new Uint8Array(readFileSync(pathOf(name))) });

type Scheme = NonNullable<CompileOptions["scheme"]>;

/** A network of which there are an ONNX file and files that TensorFlow's own converter made of it, by the scheme. */
interface Network {
  readonly name: string;
  readonly model: string;
  readonly float?: string;
  readonly quantized?: {
    readonly data: string;
    readonly samples: number;
    readonly files: readonly (readonly [scheme: Scheme, file: string])[];
  };
}

function mlperf(name: string, folder: string, data: string, samples: number, float: string | undefined): Network {
  const stem = name.toLowerCase();
  const files = (
    [
      ["int8", "int8"],
      ["int16x8", "i16x8"],
      ["dynamic", "dynrange"],
      ["float16", "float16"],
    ] as const
  ).map(([scheme, part]) => [scheme, `fixtures/peers/${stem}_tf221_${part}_b1.tflite`] as const);
  return {
    name,
    model: `fixtures/mlperf/${folder}/${stem}.opset13.onnx`,
    ...(float && { float: `assets/mlperf_tiny_models/${float}.tflite` }),
    quantized: { data, samples, files: files.filter(([, file]) => existsSync(pathOf(file))) },
  };
}

const networks: readonly Network[] = [
  mlperf("KWS", "kws_dscnn", "mlperf_kws01", 96, undefined),
  mlperf("IC", "ic_resnet8", "mlperf_ic01", 35, "pretrainedResnet"),
  mlperf("AD", "ad01", "mlperf_ad01", 4, "ad01_fp32"),
  { name: "digits", model: "fixtures/digits/digits.onnx", float: "fixtures/digits/digits_float.tflite" },
  { name: "DTLN", model: "assets/onnx_models/dtln_model_1.onnx", float: "assets/onnx_models/dtln_model_1.tflite" },
  {
    name: "basic-pitch",
    model: "assets/onnx_models/basic_pitch_nmp.onnx",
    float: "assets/onnx_models/basic_pitch_nmp.tflite",
  },
];

/** Operators of all subgraphs of a file, and how many of them are transposes. */
function countsOf(bytes: Uint8Array): { readonly operators: number; readonly transposes: number } {
  const { subgraphs, operatorCodes } = readTflite(bytes);
  const codes = subgraphs.flatMap(({ operators }) =>
    operators.map(({ opcodeIndex }) => operatorCodes[opcodeIndex].builtinCode),
  );
  return { operators: codes.length, transposes: codes.filter((code) => code === "TRANSPOSE").length };
}

/** Data for every input: reals from 0 to 1, and any bytes for integers. */
function feedsFor({ inputs }: TfliteRunner): readonly Uint8Array[] {
  return inputs.map(({ dtype, byteLength }) => {
    const bytes = someBytes(dtype === "float32" ? byteLength / 4 : byteLength);
    return dtype === "float32" ? new Uint8Array(Float32Array.from(bytes, (byte) => byte / 255).buffer) : bytes;
  });
}

async function latencies(files: readonly Uint8Array[]): Promise<readonly number[]> {
  const runtime = await createLiteRt();
  const runners = await Promise.all(files.map((bytes) => runtime.load(bytes)));
  const measured = await interleaved(
    runners.map((runner) => {
      const feeds = feedsFor(runner);
      return () => runner.run(feeds);
    }),
  );
  for (const runner of runners) runner.dispose();
  return measured;
}

async function compare(name: string, ours: Uint8Array, theirs: Uint8Array): Promise<readonly Row[]> {
  const against = "TensorFlow's converter";
  const [own, other] = [countsOf(ours), countsOf(theirs)];
  const sizes = [
    row(`${name}: operators`, own.operators, other.operators, against, ""),
    row(`${name}: transposes`, own.transposes, other.transposes, against, ""),
    row(`${name}: size`, ours.length / 1000, theirs.length / 1000, against, "kB"),
  ];
  try {
    const [own, other] = await latencies([ours, theirs]);
    return [...sizes, row(`${name}: latency in LiteRT.js`, own, other, against, "ms")];
  } catch (error) {
    console.error(`${name}: no latency, ${(error as Error).message.slice(0, 200)}`);
    return sizes;
  }
}

async function compareNetwork({ name, model, float, quantized }: Network): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const source = read(model);
  if (float) rows.push(...(await compare(`${name} float`, convert(source, { to: "tflite" }).bytes, read(float).bytes)));
  if (!quantized) return rows;
  const data = await openDataset(folderFiles(pathOf(`assets/datasets/${quantized.data}`)));
  for (const [scheme, file] of quantized.files) {
    const options = { floatEngine: nodeOnnxruntime(), measure: false, scheme, samples: quantized.samples };
    const { outputs } = await compile(source, data, options);
    rows.push(...(await compare(`${name} ${scheme}`, outputs[0].bytes, read(file).bytes)));
  }
  return rows;
}

/** Operators, transposes, bytes and LiteRT.js's milliseconds of our files beside those of TensorFlow's own converter, the last by turns in one run. */
export const comparePeers: Benchmark = async () => {
  if (!existsSync(shared)) return { skipped: "needs ../shared" };
  const rows: Row[] = [];
  for (const network of networks) rows.push(...(await compareNetwork(network)));
  return rows;
};
