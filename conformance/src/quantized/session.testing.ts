import type { DType, Graph, Tensor, TensorData } from "@millrace/ir";
import type { Engine } from "@millrace/runtime";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";

const types: Readonly<Partial<Record<DType, OrtTensor.Type>>> = {
  f32: "float32",
  i8: "int8",
  u8: "uint8",
  i16: "int16",
  i32: "int32",
};

/** Runs the file itself by onnxruntime in the place of the graph that was read from it or written to it; both have the same inputs and outputs in order. */
export function fileEngine(bytes: Uint8Array): Engine {
  return {
    name: "onnxruntime on a file",
    async prepare(graph: Graph) {
      const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
      const { inputNames, outputNames } = session;
      return {
        async run(feeds: ReadonlyMap<string, Tensor>) {
          const inputs = graph.inputs.map(({ name }, index) => {
            const { dtype, shape, data } = feeds.get(name)!;
            return [inputNames[index], new OrtTensor(types[dtype]!, data as Float32Array, shape)] as const;
          });
          const results = await session.run(Object.fromEntries(inputs));
          return new Map(
            graph.outputs.map(({ name, type: { dtype } }, index) => {
              const { dims, data } = results[outputNames[index]];
              return [name, { dtype, shape: dims, data: data as TensorData }] as const;
            }),
          );
        },
        dispose: () => session.release(),
      };
    },
  };
}
