import { fail } from "@millrace/ir";

/** A TFLite runtime that can load a file and run it, on one thread. */
export interface TfliteRuntime {
  readonly name: string;
  /**
   * Prepares the primary subgraph of a .tflite file; `model` is copied.
   * @throws DiagnosticError `tflite-runtime.model-refused`, with the runtime's own words, or `tflite-runtime.start-failed`.
   */
  load(model: Uint8Array): Promise<TfliteRunner>;
}

/** A tensor as the file declares it; a dynamic dimension has size 1. */
export interface TfliteTensorInfo {
  readonly name: string;
  /** As in `int8`, `uint8`, `int16`, `int32`, `int64`, `float32`, `bool`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** A loaded model. Inputs and outputs are in the file's order. */
export interface TfliteRunner {
  readonly inputs: readonly TfliteTensorInfo[];
  readonly outputs: readonly TfliteTensorInfo[];
  /**
   * Runs once. Tensors are little-endian bytes in the file's own dtype, shape and layout; the outputs are copies.
   * Resource variables keep their value from run to run.
   * @throws DiagnosticError `tflite-runtime.bad-input`, `tflite-runtime.disposed`, or `tflite-runtime.run-failed` with
   * the runtime's own words; after the last the runner is disposed.
   */
  run(inputs: readonly Uint8Array[]): Promise<Uint8Array[]>;
  /** Lets go of the model and of the runtime's memory for it, which the next garbage collection frees. */
  dispose(): void;
}

/** What a driver offers for one model; `invoke` gets inputs of the right count and sizes. */
export interface LoadedModel {
  readonly inputs: readonly TfliteTensorInfo[];
  readonly outputs: readonly TfliteTensorInfo[];
  invoke(inputs: readonly Uint8Array[]): Uint8Array[];
}

/**
 * Lends a driver's model to callers: checks inputs, turns failures into diagnostics, and drops the model when disposed. LiteRT
 * returns from a run whose operator failed as from others, with whatever its memory holds, and only prints an error.
 */
export function createRunner(runtime: string, model: LoadedModel, printed: () => string): TfliteRunner {
  let current: LoadedModel | undefined = model;
  const dispose = () => {
    current = undefined;
  };
  return {
    inputs: model.inputs,
    outputs: model.outputs,
    dispose,
    async run(inputs) {
      if (!current) {
        fail("tflite-runtime.disposed", `${runtime} can't run this model: its runner was disposed`, {
          hint: "load the model again",
        });
      }
      checkInputs(runtime, current.inputs, inputs);
      const before = printed();
      try {
        const results = current.invoke(inputs);
        if (printed() !== before && printed().includes("ERROR: ")) throw new Error("it gave no results");
        return results;
      } catch (error) {
        dispose();
        fail("tflite-runtime.run-failed", `${runtime} could not run the model: ${describe(error, printed())}`, {
          hint: "compare with the reference interpreter, or run on another device",
        });
      }
    },
  };
}

/** Ends a load with the runtime's own words. */
export function refuseModel(runtime: string, error: unknown, printed: string): never {
  fail("tflite-runtime.model-refused", `${runtime} refused the model: ${describe(error, printed)}`, {
    hint: "the runtime may not know an operator, a version or a type of this file; `explain` tells what a target takes",
  });
}

/** Characters of a runtime's own words; some repeat themselves for each tensor. */
const mostWords = 400;

function describe(error: unknown, printed: string): string {
  const reason = (error instanceof Error ? error.message : String(error)).replace(/\s*\n\s*/g, " ");
  const words = printed === "" || printed.includes(reason) ? printed || reason : `${reason} (${printed})`;
  return words.length > mostWords ? `${words.slice(0, mostWords)} …` : words;
}

function checkInputs(runtime: string, expected: readonly TfliteTensorInfo[], inputs: readonly Uint8Array[]): void {
  if (inputs.length !== expected.length) {
    fail("tflite-runtime.bad-input", `${runtime} got ${inputs.length} inputs, the model takes ${expected.length}`, {
      hint: `pass ${expected.map(({ name }) => name).join(", ")} in this order`,
    });
  }
  expected.forEach(({ name, dtype, shape, byteLength }, index) => {
    if (inputs[index]!.byteLength !== byteLength) {
      fail(
        "tflite-runtime.bad-input",
        `input ${name} has ${inputs[index]!.byteLength} bytes, the model takes ${byteLength}`,
        {
          at: { value: name },
          hint: `pass ${dtype}[${shape.join(",")}] as little-endian bytes`,
        },
      );
    }
  });
}
