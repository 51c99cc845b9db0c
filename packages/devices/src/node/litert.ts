import { basename } from "node:path";
import { pathToFileURL } from "node:url";
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
import { withoutSignatures } from "./without-signatures.ts";

interface ElementType {
  readonly value: number;
}

interface TensorType {
  elementType(): ElementType;
  layout(): { dimensions(): NativeVector<number> };
  bytes(): number;
}

interface TensorBuffer {
  /** Address of the tensor's memory until `unlock`. */
  lock(mode: unknown): number;
  unlock(): void;
  packedSize(): number;
  delete(): void;
}

interface NativeModel {
  getSignature(index: number): { inputNames(): NativeVector<string>; outputNames(): NativeVector<string> };
  getInputTensorType(signature: number, index: number): TensorType;
  getOutputTensorType(signature: number, index: number): TensorType;
}

interface CompiledModel {
  run(signature: number, inputs: readonly TensorBuffer[]): TensorBuffer[];
}

interface LiteRtExports extends EmscriptenExports {
  readonly ElementType: Readonly<Record<string, ElementType | undefined>>;
  readonly VectorInt32: new () => NativeVector<number> & { push_back(value: number): void };
  readonly LiteRtLayout: { create(dimensions: NativeVector<number>): object };
  readonly LiteRtRankedTensorType: { create(element: ElementType, layout: object): TensorType };
  readonly LiteRtEnvironment: { create(webGpuDevice: null): object };
  readonly LiteRtTensorBuffer: {
    createManaged(environment: object, kind: unknown, type: TensorType, bytes: number): TensorBuffer;
  };
  readonly LiteRtTensorBufferType: { readonly HOST_MEMORY: unknown };
  readonly LiteRtTensorBufferLockMode: { readonly READ: unknown; readonly WRITE: unknown };
  setupLogging(): void;
  loadModel(environment: object, address: number, bytes: number): NativeModel;
  compileModel(environment: object, model: NativeModel, options: object): CompiledModel;
}

const name = "litert";

let factory: Promise<EmscriptenFactory> | undefined;

/**
 * LiteRT with XNNPACK from the npm package @litertjs/core, driven through its WebAssembly build without relaxed SIMD.
 * @throws DiagnosticError `tflite-runtime.package-missing`.
 */
export async function createLiteRt(): Promise<TfliteRuntime> {
  const { glue, code } = await openWasmPackage("@litertjs/core", "wasm/litert_wasm_compat_internal.js");
  factory ??= importFactory(glue);
  const start = asBrowser(await factory);
  return {
    name,
    async load(model) {
      const { exports, printed } = await instantiate<LiteRtExports>(start, code);
      try {
        return createRunner(name, loadModel(exports, withoutSignatures(model)), printed);
      } catch (error) {
        refuseModel(name, error, printed());
      }
    },
  };
}

/**
 * The glue lies in a package of ES modules but exports nothing; it hands its factory to an AMD loader if there is one.
 * Only the glue itself sees ours, lest another module that loads meanwhile takes it.
 */
async function importFactory(glue: string): Promise<EmscriptenFactory> {
  let found: EmscriptenFactory | undefined;
  const define = (_dependencies: unknown, body: () => EmscriptenFactory) => {
    found = body();
  };
  const loader = Object.assign(define, { amd: {} });
  const get = () => (new Error().stack?.includes(basename(glue)) ? loader : undefined);
  Object.defineProperty(globalThis, "define", { configurable: true, get });
  try {
    await import(/* @vite-ignore */ pathToFileURL(glue).href);
  } finally {
    Reflect.deleteProperty(globalThis, "define");
  }
  if (!found) throw new Error(`${glue} defines no factory`);
  return found;
}

/** Keeps the glue from its Node path, which needs CommonJS globals and sets the exit code. It looks once, at its start. */
function asBrowser(start: EmscriptenFactory): EmscriptenFactory {
  return (options) => {
    Object.assign(process, { type: "renderer" });
    try {
      return start(options);
    } finally {
      Reflect.deleteProperty(process, "type");
    }
  };
}

function loadModel(exports: LiteRtExports, bytes: Uint8Array): LoadedModel {
  exports.setupLogging();
  const environment = withoutFinalizers(() => exports.LiteRtEnvironment.create(null));
  const model = exports.loadModel(environment, copyIn(exports, bytes), bytes.byteLength);
  const options = { environment, accelerator: "wasm", cpuOptions: { numThreads: 1 }, gpuOptions: {}, webNNOptions: {} };
  const compiled = exports.compileModel(environment, model, options);
  const signature = model.getSignature(0);
  const inputs = takeVector(signature.inputNames()).map((name, index) =>
    fixed(exports, name, model.getInputTensorType(0, index)),
  );
  const outputs = takeVector(signature.outputNames()).map((name, index) =>
    fixed(exports, name, model.getOutputTensorType(0, index)),
  );
  const { HOST_MEMORY } = exports.LiteRtTensorBufferType;
  const buffers = inputs.map(({ type }) =>
    exports.LiteRtTensorBuffer.createManaged(environment, HOST_MEMORY, type, type.bytes()),
  );
  const invoke = (tensors: readonly Uint8Array[]) => {
    buffers.forEach((buffer, index) => {
      write(exports, buffer, tensors[index]!);
    });
    return compiled.run(0, buffers).map((buffer) => take(exports, buffer));
  };
  const loaded = { inputs: inputs.map(({ info }) => info), outputs: outputs.map(({ info }) => info), invoke };
  refuseUnshapedOutputs(loaded);
  return loaded;
}

/** A tensor's type with size 1 for each dynamic dimension, and what callers see of it. */
function fixed(
  exports: LiteRtExports,
  name: string,
  declared: TensorType,
): { info: TfliteTensorInfo; type: TensorType } {
  const shape = takeVector(declared.layout().dimensions()).map((size) => (size < 0 ? 1 : size));
  const dimensions = new exports.VectorInt32();
  for (const size of shape) dimensions.push_back(size);
  const { value } = declared.elementType();
  const type = exports.LiteRtRankedTensorType.create({ value }, exports.LiteRtLayout.create(dimensions));
  const dtype =
    Object.entries(exports.ElementType).find(([, candidate]) => candidate?.value === value)?.[0] ?? `type ${value}`;
  return { type, info: { name, dtype: dtype.toLowerCase(), shape, byteLength: type.bytes() } };
}

/**
 * LiteRT takes an output that declares no shape for a scalar: the first run hands out its first element alone, and the
 * second, when the real size is known, fails. Two runs on zeros tell it from a true scalar.
 */
function refuseUnshapedOutputs({ inputs, outputs, invoke }: LoadedModel): void {
  if (outputs.every(({ shape }) => shape.length > 0)) return;
  const zeros = inputs.map(({ byteLength }) => new Uint8Array(byteLength));
  invoke(zeros);
  invoke(zeros);
}

function write(exports: LiteRtExports, buffer: TensorBuffer, bytes: Uint8Array): void {
  const address = buffer.lock(exports.LiteRtTensorBufferLockMode.WRITE);
  exports.HEAPU8.set(bytes, address >>> 0);
  buffer.unlock();
}

function take(exports: LiteRtExports, buffer: TensorBuffer): Uint8Array {
  const address = buffer.lock(exports.LiteRtTensorBufferLockMode.READ) >>> 0;
  const bytes = exports.HEAPU8.slice(address, address + buffer.packedSize());
  buffer.unlock();
  buffer.delete();
  return bytes;
}
