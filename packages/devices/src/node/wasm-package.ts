import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fail } from "@millrace/ir";

/** Memory and allocation, as every Emscripten build exports them. `HEAPU8` is a new array when the memory has grown. */
export interface EmscriptenExports {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
}

export type EmscriptenFactory = (options: object) => Promise<unknown>;

type Receiver = (instance: WebAssembly.Instance, code: WebAssembly.Module) => void;

/** A WebAssembly build of an installed npm package, compiled once. */
export interface WasmPackage {
  /** Path of the JavaScript that instantiates the build. */
  readonly glue: string;
  readonly code: WebAssembly.Module;
}

const mostLines = 20;
const longestLine = 300;

/**
 * Finds and compiles `glue`'s sibling .wasm in `packageName`.
 * @throws DiagnosticError `tflite-runtime.package-missing` when the package is not installed.
 */
export async function openWasmPackage(packageName: string, glueFile: string): Promise<WasmPackage> {
  const glue = resolve(packageName, glueFile);
  const code = await WebAssembly.compile(await readFile(glue.replace(/\.js$/, ".wasm")));
  return { glue, code };
}

function resolve(packageName: string, file: string): string {
  try {
    return createRequire(import.meta.url).resolve(`${packageName}/${file}`);
  } catch {
    fail(
      "tflite-runtime.package-missing",
      `the npm package ${packageName} is not installed, so its runtime can't be used`,
      {
        hint: `npm install ${packageName}`,
      },
    );
  }
}

/**
 * A fresh instance of a build: memory of its own, so that what happens to one model never reaches another.
 * `printed` gives the last errors that it wrote.
 * @throws DiagnosticError `tflite-runtime.start-failed`, as when memory for another instance is lacking.
 */
export async function instantiate<Exports extends EmscriptenExports>(
  factory: EmscriptenFactory,
  code: WebAssembly.Module,
) {
  const lines: string[] = [];
  const print = (line: unknown) => {
    if (lines.push(String(line).trim().slice(0, longestLine)) > mostLines) lines.shift();
  };
  const exports = await new Promise<Exports>((resolve, reject) => {
    const instantiateWasm = (imports: WebAssembly.Imports, ready: Receiver) => {
      try {
        const instance = new WebAssembly.Instance(code, imports);
        ready(instance, code);
        return instance.exports;
      } catch (error) {
        reject(error);
        throw error;
      }
    };
    factory({ print, printErr: print, instantiateWasm }).then((module) => resolve(module as Exports), reject);
  }).catch((error: unknown) =>
    fail("tflite-runtime.start-failed", `the WebAssembly runtime could not start: ${error}`, {
      hint: "dispose the models that are no longer needed, or give the process more memory",
    }),
  );
  return {
    exports,
    printed: () => lines.filter((line) => line !== "" && !/^(INFO|WARNING|VERBOSE): /.test(line)).join("; "),
  };
}

/**
 * Runs `create`, in which the instance makes its first native object, without finalizers: the instance is dropped as a
 * whole, and a finalizer that calls into one that has trapped would end the process.
 */
export function withoutFinalizers<Result>(create: () => Result): Result {
  const kept = Object.getOwnPropertyDescriptor(globalThis, "FinalizationRegistry")!;
  Reflect.deleteProperty(globalThis, "FinalizationRegistry");
  try {
    return create();
  } finally {
    Object.defineProperty(globalThis, "FinalizationRegistry", kept);
  }
}

/** Copies bytes to the instance's memory, 16-byte aligned as the format asks for, and gives their address. */
export function copyIn(exports: EmscriptenExports, bytes: Uint8Array): number {
  const address = exports._malloc(bytes.byteLength + 16) >>> 0;
  if (address === 0) throw new Error(`no memory for ${bytes.byteLength} bytes`);
  const aligned = (address + 15) & ~15;
  exports.HEAPU8.set(bytes, aligned >>> 0);
  return aligned >>> 0;
}

/** Moves a C++ vector's items to an array. */
export function takeVector<Item>(vector: NativeVector<Item>): Item[] {
  const items = Array.from({ length: vector.size() }, (_, index) => vector.get(index));
  vector.delete();
  return items;
}

export interface NativeVector<Item> {
  size(): number;
  get(index: number): Item;
  delete(): void;
}
