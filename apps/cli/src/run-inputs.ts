import type { Diagnostic, Graph, LoadOptions, ModelSource, Tensor } from "@millrace/toolkit";
import { readWholeFile } from "./read-file.ts";

export interface RunInputs {
  readonly graph: Graph;
  readonly feeds: ReadonlyMap<string, Tensor>;
}

/**
 * Loads a model for a run on the arrays of `files`, keyed by input name or index; named dimensions of its inputs take the arrays' sizes. With `real`,
 * quantized inputs take real numbers. Throws a DiagnosticError that names each input given reals without it.
 */
export async function readInputs(
  source: ModelSource,
  files: ReadonlyMap<string, string>,
  options: LoadOptions & { readonly real: boolean },
): Promise<RunInputs> {
  const { DiagnosticError, load, prepare } = await import("@millrace/toolkit");
  const declared = load(source, options);
  const arrays = await readArrays(files);
  const dimensions = new Map([...freeDimensions(declared.graph, arrays), ...(options.dimensions ?? [])]);
  const model = dimensions.size > 0 ? load(source, { ...options, dimensions }) : declared;
  const { graph } = prepare(model, { ioLayout: "source" });
  if (options.real) return { graph, feeds: await quantized(graph, arrays) };
  const problems = [...arrays].flatMap(([key, tensor]) => realProblem(graph, key, tensor));
  if (problems.length > 0) throw new DiagnosticError(problems);
  return { graph, feeds: arrays };
}

async function readArrays(files: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, Tensor>> {
  const { readNpy, naming } = await import("@millrace/toolkit");
  const arrays = new Map<string, Tensor>();
  for (const [key, path] of files) {
    const bytes = readWholeFile(path);
    arrays.set(key, await naming(path, "file.bad-array", "Write the array with numpy.save.", () => readNpy(bytes)));
  }
  return arrays;
}

function inputOf(graph: Graph, key: string) {
  return graph.inputs.find(({ name }) => name === key) ?? (/^[0-9]{1,9}$/.test(key) ? graph.inputs[Number(key)] : undefined);
}

function freeDimensions(graph: Graph, arrays: ReadonlyMap<string, Tensor>): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const [key, { shape }] of arrays) {
    const declared = inputOf(graph, key)?.type.shape ?? [];
    if (declared.length !== shape.length) continue;
    for (const [axis, size] of declared.entries()) if (typeof size === "string" && !sizes.has(size)) sizes.set(size, shape[axis]);
  }
  return sizes;
}

function realProblem(graph: Graph, key: string, { dtype }: Tensor): readonly Diagnostic[] {
  const type = inputOf(graph, key)?.type;
  if (type?.quantization === undefined || !isReal(dtype)) return [];
  const message = `input ${key} takes ${type.dtype} and was given the real numbers (${dtype}) of its .npy file`;
  const hint = `add --real to have them quantized with the model's scale ${type.quantization.scale[0]} and zero point ${type.quantization.zeroPoint[0]}`;
  return [{ code: "run.real-input", severity: "error", message, at: { value: key }, hint }];
}

function isReal(dtype: Tensor["dtype"]): boolean {
  return dtype === "f32" || dtype === "f64" || dtype === "f16";
}

/** Feeds in which reals given to quantized inputs are quantized. */
async function quantized(graph: Graph, arrays: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, Tensor>> {
  const { asReals, quantizeReals } = await import("@millrace/toolkit");
  return new Map(
    [...arrays].map(([key, tensor]) => {
      const input = inputOf(graph, key);
      return [key, input?.type.quantization && isReal(tensor.dtype) ? quantizeReals(asReals(tensor), input) : tensor];
    }),
  );
}
