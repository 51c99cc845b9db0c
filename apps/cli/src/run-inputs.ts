import type { Diagnostic, Graph, LoadedModel, LoadOptions, ModelSource, Tensor } from "@millrace/toolkit";
import { readWholeFile } from "./read-file.ts";
import { RequestError } from "./request-error.ts";

/** Arrays by input name or index, as they were given. */
type Arrays = ReadonlyMap<string, Tensor>;

export interface RunInputs {
  readonly model: LoadedModel;
  readonly feeds: Arrays;
}

/**
 * Loads a model for a run on the arrays of `files`, keyed by input name or index; named dimensions of its inputs take the arrays'
 * sizes, and inputs whose contents operators need when they are read become constants. With `real`, quantized inputs take real numbers. Throws a DiagnosticError that names each input given reals without it.
 */
export async function readInputs(
  source: ModelSource,
  files: ReadonlyMap<string, string>,
  options: LoadOptions & { readonly real: boolean },
): Promise<RunInputs> {
  const { DiagnosticError, load } = await import("@millrace/toolkit");
  const values = await readArrays(files);
  const declared = load(source, { ...options, values, open: true });
  const named = byName(declared, values);
  const dimensions = new Map([...freeDimensions(declared.graph, named), ...(options.dimensions ?? [])]);
  const model = dimensions.size > 0 ? load(source, { ...options, values, dimensions }) : declared;
  const { graph } = model;
  const arrays = await feedsAmong(model, named);
  if (options.real) return { model, feeds: await quantized(graph, arrays) };
  const problems = graph.inputs.flatMap((input) => realProblem(input, arrays.get(input.name)));
  if (problems.length > 0) throw new DiagnosticError(problems);
  return { model, feeds: arrays };
}

/** The arrays without those of inputs that became constants; reals in the precision of the input they are for. */
async function feedsAmong({ graph, inputNames }: LoadedModel, arrays: Arrays): Promise<Arrays> {
  const { asFloat32 } = await import("@millrace/toolkit");
  const inputs = new Map(graph.inputs.map((input) => [input.name, input]));
  const feeds = new Map<string, Tensor>();
  for (const [name, tensor] of arrays) {
    const input = inputs.get(name);
    if (input === undefined && inputNames.includes(name)) continue;
    const narrows = input?.type.dtype === "f32" && ["f16", "f64"].includes(tensor.dtype);
    feeds.set(name, narrows ? asFloat32(tensor) : tensor);
  }
  return feeds;
}

/** Reads the .npy files that are named for inputs. */
export async function readArrays(files: ReadonlyMap<string, string>): Promise<Arrays> {
  const { diagnosticsOf, readNpy } = await import("@millrace/toolkit");
  const arrays = new Map<string, Tensor>();
  for (const [key, path] of files) {
    const bytes = readWholeFile(path);
    try {
      arrays.set(key, readNpy(bytes));
    } catch (error) {
      const [problem] = diagnosticsOf(error) ?? [];
      if (problem === undefined) throw error;
      throw new RequestError(problem.code, `${path}: ${problem.message}`, {
        hint: problem.hint ?? "write it with numpy.save",
        where: path,
      });
    }
  }
  return arrays;
}

/** Arrays with the names of inputs for their indices; unknown names stay. */
function byName({ inputNames }: LoadedModel, arrays: Arrays): Arrays {
  const named = new Map<string, Tensor>();
  for (const [key, tensor] of arrays) {
    const isIndex = !inputNames.includes(key) && /^[0-9]{1,9}$/.test(key);
    const name = isIndex ? (inputNames[Number(key)] ?? key) : key;
    if (named.has(name))
      throw new RequestError("run.input-twice", `input ${name} is given twice`, {
        hint: "give each input once, by name or by index",
        where: name,
      });
    named.set(name, tensor);
  }
  return named;
}

function freeDimensions({ inputs }: Graph, arrays: Arrays): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { name, type } of inputs) {
    const given = arrays.get(name)?.shape;
    if (given?.length !== type.shape.length) continue;
    for (const [axis, size] of type.shape.entries()) {
      if (typeof size === "string" && !sizes.has(size)) sizes.set(size, given[axis]);
    }
  }
  return sizes;
}

function realProblem({ name, type }: Graph["inputs"][number], tensor: Tensor | undefined): readonly Diagnostic[] {
  const { dtype, quantization } = type;
  if (tensor === undefined || quantization === undefined || !["f16", "f32", "f64"].includes(tensor.dtype)) return [];
  const message = `input ${name} is ${dtype}, and its array holds real numbers (${tensor.dtype})`;
  const hint = `add --real to quantize them by the input's scale ${quantization.scale[0]} and zero point ${quantization.zeroPoint[0]}`;
  return [{ code: "run.real-input", severity: "error", message, at: { value: name }, hint }];
}

/** Feeds in which reals given to quantized inputs are quantized; arrays that don't answer to the inputs stay, and the run refuses them. */
async function quantized(graph: Graph, arrays: Arrays): Promise<Arrays> {
  const { asFloat32, feedsOf } = await import("@millrace/toolkit");
  const complete = graph.inputs.every(({ name }) => arrays.has(name)) && arrays.size === graph.inputs.length;
  if (!complete) return arrays;
  return feedsOf(graph, new Map([...arrays].map(([name, tensor]) => [name, asFloat32(tensor)])));
}
