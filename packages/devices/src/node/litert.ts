import { pathToFileURL } from "node:url";
import { createRunner, refuseModel, type LoadedModel, type TfliteRuntime, type TfliteTensorInfo } from "./tflite-runtime.ts";
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

interface TensorType {
  elementType(): { readonly value: number };
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
  run(signature: number, inputs: readonly TensorBuffer[]): Promise<TensorBuffer[]>;
}

interface LiteRtExports extends EmscriptenExports {
  readonly ElementType: Readonly<Record<string, { readonly value: number }>>;
  readonly LiteRtEnvironment: { create(webGpuDevice: null): object };
  readonly LiteRtTensorBuffer: { createManaged(environment: object, kind: unknown, type: TensorType, bytes: number): TensorBuffer };
  readonly LiteRtTensorBufferType: { readonly HOST_MEMORY: unknown };
  readonly LiteRtTensorBufferLockMode: { readonly READ: unknown; readonly WRITE: unknown };
  setupLogging(): void;
  loadModel(environment: object, address: number, bytes: number): NativeModel;
  compileModel(environment: object, model: NativeModel, options: object): Promise<CompiledModel>;
}

const name = "litert";
const NOSIG = process.env["NOSIG"];

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
        return createRunner(name, await loadModel(exports, NOSIG ? model : withoutSignatures(model)), printed);
      } catch (error) {
        refuseModel(name, error, printed());
      }
    },
  };
}

/** The glue lies in a package of ES modules but exports nothing; it hands its factory to an AMD loader if there is one. */
async function importFactory(glue: string): Promise<EmscriptenFactory> {
  let found: EmscriptenFactory | undefined;
  const define = (_dependencies: unknown, body: () => EmscriptenFactory) => {
    found = body();
  };
  Object.assign(globalThis, { define: Object.assign(define, { amd: {} }) });
  try {
    await import(/* @vite-ignore */ pathToFileURL(glue).href);
  } finally {
    Reflect.deleteProperty(globalThis, "define");
  }
  if (!found) throw new Error(`${glue} defines no factory`);
  return found;
}

/** Keeps the glue from its Node path, which needs CommonJS globals and sets the process's exit code. It looks once, at its start. */
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

async function loadModel(exports: LiteRtExports, bytes: Uint8Array): Promise<LoadedModel> {
  exports.setupLogging();
  const environment = withoutFinalizers(() => exports.LiteRtEnvironment.create(null));
  const model = exports.loadModel(environment, copyIn(exports, bytes), bytes.byteLength);
  const options = { environment, accelerator: "wasm", cpuOptions: { numThreads: 1 }, gpuOptions: {}, webNNOptions: {} };
  const compiled = await exports.compileModel(environment, model, options);
  const signature = model.getSignature(0);
  const inputTypes = takeVector(signature.inputNames()).map((name, index) => ({ name, type: model.getInputTensorType(0, index) }));
  const outputTypes = takeVector(signature.outputNames()).map((name, index) => ({ name, type: model.getOutputTensorType(0, index) }));
  const describe = ({ name, type }: { name: string; type: TensorType }): TfliteTensorInfo => ({
    name,
    dtype: dtypeName(exports, type),
    shape: takeVector(type.layout().dimensions()),
    byteLength: type.bytes(),
  });
  const { HOST_MEMORY } = exports.LiteRtTensorBufferType;
  const buffers = inputTypes.map(({ type }) => exports.LiteRtTensorBuffer.createManaged(environment, HOST_MEMORY, type, type.bytes()));
  return {
    inputs: inputTypes.map(describe),
    outputs: outputTypes.map(describe),
    async invoke(tensors) {
      buffers.forEach((buffer, index) => {
        write(exports, buffer, tensors[index]!);
      });
      const results = await compiled.run(0, buffers);
      return results.map((buffer) => take(exports, buffer));
    },
  };
}

function dtypeName(exports: LiteRtExports, type: TensorType): string {
  const { value } = type.elementType();
  const found = Object.entries(exports.ElementType).find(([, candidate]) => candidate?.value === value);
  return found ? found[0].toLowerCase() : `type ${value}`;
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

/**
 * A copy of a .tflite file whose root table has no `signature_defs` (field 7 of Model in schema.fbs). LiteRT runs signature 0 and
 * orders tensors as it does; without signatures it runs the primary subgraph in the file's order, by tensor names.
 * The root gets a vtable of its own at the end, since tables may share one. Bytes that hold no such field are returned as they are.
 */
function withoutSignatures(model: Uint8Array): Uint8Array {
  const source = new DataView(model.buffer, model.byteOffset, model.byteLength);
  if (model.byteLength < 8) return model;
  const root = source.getUint32(0, true);
  if (root + 4 > model.byteLength) return model;
  const vtable = root - source.getInt32(root, true);
  if (vtable < 0 || vtable + 4 > model.byteLength) return model;
  const vtableBytes = source.getUint16(vtable, true);
  const field = 4 + 2 * 7;
  if (vtableBytes < field + 2 || vtable + vtableBytes > model.byteLength) return model;

  const end = (model.byteLength + 1) & ~1;
  const copy = new Uint8Array(end + vtableBytes);
  copy.set(model);
  copy.copyWithin(end, vtable, vtable + vtableBytes);
  const target = new DataView(copy.buffer);
  target.setUint16(end + field, 0, true);
  target.setInt32(root, root - end, true);
  return copy;
}
