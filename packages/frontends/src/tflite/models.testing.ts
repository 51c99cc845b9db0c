import { readTflite, type TfliteDraft, type TfliteModel, writeTflite } from "@millrace/formats/tflite";
import { type Diagnostic, DiagnosticError, type Graph } from "@millrace/ir";
import { importTflite } from "./import.ts";

type BuiltinName = NonNullable<TfliteDraft<"OperatorCode">["builtinCode"]>;
type Options = TfliteDraft<"Operator">["builtinOptions"];

/** A tensor of a model to be made, with its elements where it is a constant. */
export interface TensorSketch extends TfliteDraft<"Tensor"> {
  readonly data?: Int32Array | Float32Array | Int8Array | Uint8Array | Uint16Array | BigInt64Array;
}

export interface OperatorSketch {
  readonly builtin: BuiltinName;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: Options;
  readonly custom?: string;
}

/** A model of one subgraph, written and read. Inputs are the tensors without data that nothing makes; outputs those that nothing reads. */
export function sketch(
  tensors: readonly TensorSketch[],
  operators: readonly OperatorSketch[],
  more: TfliteDraft<"Model"> = {},
): TfliteModel {
  const made = new Set(operators.flatMap(({ outputs }) => outputs));
  const read = new Set(operators.flatMap(({ inputs }) => inputs));
  const places = tensors.map((_, index) => index);
  const buffers: TfliteDraft<"Buffer">[] = [{}];
  const stored = tensors.map(({ data, ...tensor }) => {
    if (data === undefined) return tensor;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return { ...tensor, buffer: buffers.push({ data: bytes }) - 1 };
  });
  return readTflite(
    writeTflite({
      operatorCodes: operators.map(({ builtin, custom }) => ({
        builtinCode: builtin,
        ...(custom && { customCode: custom }),
      })),
      subgraphs: [
        {
          name: "main",
          tensors: stored,
          inputs: places.filter((index) => !made.has(index) && tensors[index].data === undefined),
          outputs: places.filter((index) => made.has(index) && !read.has(index)),
          operators: operators.map(({ inputs, outputs, options }, opcodeIndex) => ({
            opcodeIndex,
            inputs,
            outputs,
            ...(options && { builtinOptions: options }),
          })),
        },
      ],
      buffers,
      ...more,
    }),
  );
}

/** A constant of 32-bit integers. */
export function indices(...values: readonly number[]): TensorSketch {
  return { name: `indices ${values}`, type: "INT32", shape: [values.length], data: Int32Array.from(values) };
}

/** The diagnostics an import ends with. */
export function problemsOf(model: TfliteModel): readonly Diagnostic[] {
  try {
    importTflite(model);
    return [];
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
}

/** Each node as `op(input, …) -> output`. */
export function linesOf(graph: Graph): readonly string[] {
  return [...graph.nodes()].map(
    ({ op, inputs, outputs }) =>
      `${op.name}(${inputs.map((value) => value?.name ?? "-").join(", ")}) -> ${outputs.map(({ name }) => name).join(", ")}`,
  );
}
