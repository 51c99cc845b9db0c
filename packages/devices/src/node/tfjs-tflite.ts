import { createRequire } from "node:module";
import {
  createRunner,
  type LoadedModel,
  refuseModel,
  type TfliteRuntime,
  type TfliteTensorInfo,
} from "./tflite-runtime.ts";
import {
  copyIn,
  type EmscriptenExports,
  type EmscriptenFactory,
  instantiate,
  type NativeVector,
  openWasmPackage,
  takeVector,
  withoutFinalizers,
} from "./wasm-package.ts";

interface NativeTensor {
  readonly dataType: string;
  readonly name: string;
  /** Comma-separated sizes; empty for a scalar. */
  readonly shape: string;
  /** A view of the tensor's memory, valid until the next run. */
  data(): ArrayBufferView | undefined;
}

interface NativeRunner {
  GetInputs(): NativeVector<NativeTensor>;
  GetOutputs(): NativeVector<NativeTensor>;
  Infer(): boolean;
}

interface TfjsTfliteExports extends EmscriptenExports {
  readonly TFLiteWebModelRunner: {
    CreateFromBufferAndOptions(
      address: number,
      bytes: number,
      options: { numThreads: number; enableProfiling: boolean; maxProfilingBufferEntries: number },
    ): { ok(): boolean; errorMessage(): string; value(): NativeRunner };
  };
}

const name = "tfjs-tflite";

/**
 * TFLite with XNNPACK from the npm package @tensorflow/tfjs-tflite, driven through its WebAssembly build.
 * @throws DiagnosticError `tflite-runtime.package-missing`.
 */
export async function createTfjsTflite(): Promise<TfliteRuntime> {
  const { glue, code } = await openWasmPackage("@tensorflow/tfjs-tflite", "wasm/tflite_web_api_cc_simd.js");
  const factory: EmscriptenFactory = createRequire(import.meta.url)(glue);
  return {
    name,
    async load(model) {
      const { exports, printed } = await instantiate<TfjsTfliteExports>(factory, code);
      try {
        return createRunner(name, loadModel(exports, model), printed);
      } catch (error) {
        refuseModel(name, error, printed());
      }
    },
  };
}

function loadModel(exports: TfjsTfliteExports, bytes: Uint8Array): LoadedModel {
  const options = { numThreads: 1, enableProfiling: false, maxProfilingBufferEntries: 1 };
  const address = copyIn(exports, bytes);
  const result = withoutFinalizers(() =>
    exports.TFLiteWebModelRunner.CreateFromBufferAndOptions(address, bytes.byteLength, options),
  );
  if (!result.ok()) throw new Error(result.errorMessage());
  const runner = result.value();
  return {
    inputs: takeVector(runner.GetInputs()).map(describe),
    outputs: takeVector(runner.GetOutputs()).map(describe),
    invoke(tensors) {
      takeVector(runner.GetInputs()).forEach((input, index) => {
        bytesOf(input).set(tensors[index]!);
      });
      if (!runner.Infer()) throw new Error("inference failed");
      return takeVector(runner.GetOutputs()).map((output) => bytesOf(output).slice());
    },
  };
}

function describe(tensor: NativeTensor): TfliteTensorInfo {
  return {
    name: tensor.name,
    dtype: tensor.dataType,
    shape: tensor.shape === "" ? [] : tensor.shape.split(",").map(Number),
    byteLength: bytesOf(tensor).byteLength,
  };
}

function bytesOf(tensor: NativeTensor): Uint8Array {
  const data = tensor.data();
  if (!data)
    throw new Error(`tensor ${tensor.name} has the type ${tensor.dataType}, which this runtime can't pass in or out`);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
