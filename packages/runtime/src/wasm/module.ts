import { wasmModule } from "./module.generated.ts";

/** What the compiled module offers. */
export interface ModuleExports {
  /** Runs `count` commands that lie at the address `first`. */
  run(first: number, count: number): void;
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
