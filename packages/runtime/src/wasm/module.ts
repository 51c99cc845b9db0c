import { wasmModule } from "./module.generated.ts";

/** What the compiled module offers; all numbers are addresses, counts or flags. */
export interface ModuleExports {
  /** Runs the convolution described at `call`. */
  convolve(call: number, depthwise: number): void;
  lookUp(source: number, table: number, target: number, count: number): void;
  lookUpPair(first: number, second: number, table: number, target: number, count: number): void;
  averagePool(call: number): void;
}

let compiled: Promise<WebAssembly.Module> | undefined;

function compile(): Promise<WebAssembly.Module> {
  compiled ??= WebAssembly.compile(Uint8Array.from(atob(wasmModule), (character) => character.charCodeAt(0)));
  return compiled;
}

/** An instance over memory of its own. Rejects with a RangeError if there is not so much memory. */
export async function instantiate(bytes: number): Promise<{ exports: ModuleExports; memory: ArrayBuffer }> {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
  const { exports } = await WebAssembly.instantiate(await compile(), { env: { memory } });
  return { exports: exports as unknown as ModuleExports, memory: memory.buffer };
}
