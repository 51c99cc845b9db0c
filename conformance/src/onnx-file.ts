import { type DType, type Graph, type Tensor, type TensorData, zeros } from "@millrace/ir";
import type { Engine } from "@millrace/runtime";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

/** An ONNX file in onnxruntime; inputs and outputs are in the file's order. */
export interface OnnxFile {
  run(inputs: readonly Tensor[]): Promise<readonly Tensor[]>;
  release(): Promise<void>;
}

const types: Readonly<Partial<Record<DType, OrtTensor.Type>>> = {
  f32: "float32",
  i8: "int8",
  u8: "uint8",
  i16: "int16",
  u16: "uint16",
  i32: "int32",
  i64: "int64",
  bool: "bool",
};

/** How onnxruntime rewrites a model before it runs it: not at all, or in all ways it knows. */
export type Optimization = "disabled" | "all";

export async function openOnnxFile(bytes: Uint8Array, optimization: Optimization = "all"): Promise<OnnxFile> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3, graphOptimizationLevel: optimization });
  const { inputNames, outputNames } = session;
  return {
    async run(inputs) {
      const feeds = inputs.map(
        ({ dtype, shape, data }, index) =>
          [inputNames[index], new OrtTensor(types[dtype]!, data as Float32Array, shape)] as const,
      );
      const results = await session.run(Object.fromEntries(feeds));
      return outputNames.map((name) => tensorFrom(results[name]));
    },
    release: () => session.release(),
  };
}

function tensorFrom({ type, dims, data }: OrtTensor): Tensor {
  const dtype = (Object.keys(types) as DType[]).find((name) => types[name] === type)!;
  return data.length === 0 ? zeros(dtype, dims) : { dtype, shape: dims, data: data as TensorData };
}

/** Runs the file itself by onnxruntime in the place of the graph that was read from it or written to it; both have the same inputs and outputs in order. */
export function fileEngine(bytes: Uint8Array, optimization: Optimization = "all"): Engine {
  return {
    name: "onnxruntime on a file",
    async prepare(graph: Graph) {
      const file = await openOnnxFile(bytes, optimization);
      return {
        async run(feeds: ReadonlyMap<string, Tensor>) {
          const results = await file.run(graph.inputs.map(({ name }) => feeds.get(name)!));
          return new Map(graph.outputs.map(({ name }, index) => [name, results[index]] as const));
        },
        dispose: () => file.release(),
      };
    },
  };
}
