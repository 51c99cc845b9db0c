import { type DType, type Graph, type Tensor, type TensorData, type Value, zeros } from "@millrace/ir";
import type { Engine, PreparedGraph } from "@millrace/runtime";
import { exportOnnx } from "@millrace/targets/onnx";
import type { InferenceSession, Tensor as OrtTensor, TypedTensor } from "onnxruntime-common";

/** What this adapter needs of onnxruntime-node or onnxruntime-web. */
export interface OnnxruntimeModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: new (type: OrtTensor.Type, data: TensorData, dims: readonly number[]) => TypedTensor<OrtTensor.Type>;
}

const ortTypes: Readonly<Partial<Record<DType, OrtTensor.Type>>> = {
  f32: "float32",
  f64: "float64",
  i8: "int8",
  u8: "uint8",
  i16: "int16",
  u16: "uint16",
  i32: "int32",
  u32: "uint32",
  i64: "int64",
  u64: "uint64",
  bool: "bool",
};

/** Only errors are logged, and memory is not laid out anew for the second run, which takes that longer than it makes up for in a hundred. */
const sessionOptions: InferenceSession.SessionOptions = { logSeverityLevel: 3, enableMemPattern: false };

/** Runs float graphs by onnxruntime: the graph is written as ONNX with every wanted value as an output. */
export function onnxruntimeEngine(load: () => Promise<OnnxruntimeModule>): Engine {
  return {
    name: "onnxruntime",
    async prepare(graph: Graph, wanted: readonly Value[] = []): Promise<PreparedGraph> {
      const ort = await load();
      const inside = wanted.filter((value) => value.producer !== undefined);
      const { bytes, inputNames, outputNames, wantedNames } = exportOnnx(graph, inside);
      const session = await ort.InferenceSession.create(bytes, sessionOptions);
      const results = [
        ...outputNames.map((name, index) => [name, graph.outputs[index]] as const),
        ...wantedNames.map((name, index) => [name, inside[index]] as const),
      ];
      return {
        async run(feeds) {
          const inputs = graph.inputs.map(
            (input, index) => [inputNames[index], toOrt(ort, feeds.get(input.name)!)] as const,
          );
          const outputs = await session.run(Object.fromEntries(inputs));
          return new Map(results.map(([name, value]) => [value.name, fromOrt(outputs[name] as OrtTensor, value)]));
        },
        dispose: () => session.release(),
      };
    },
  };
}

function toOrt(ort: OnnxruntimeModule, tensor: Tensor): OrtTensor {
  const type = ortTypes[tensor.dtype];
  if (type === undefined) throw new Error(`onnxruntime takes no ${tensor.dtype}`);
  return new ort.Tensor(type, tensor.data, tensor.shape) as OrtTensor;
}

function fromOrt(tensor: OrtTensor, { type }: Value): Tensor {
  const shape = tensor.dims as readonly number[];
  const data = tensor.data as TensorData;
  return data.length === 0 ? zeros(type.dtype, shape) : { dtype: type.dtype, shape, data };
}
