import { type Diagnostic, DiagnosticError, type Graph, resultOutputs, type Tensor } from "@millrace/ir";
import type { Engine } from "@millrace/runtime";

/** Results of one inference by the names the model's user knows, in the model's order. */
export type Results = ReadonlyMap<string, Tensor>;

/** Runs a graph once; its states are no results. `inputs` are keyed by name or by index ("0", "1", …); states that are not given start anew. Throws a DiagnosticError naming each input that is missing, unknown or unfit. */
export async function run(graph: Graph, engine: Engine, inputs: ReadonlyMap<string, Tensor>): Promise<Results> {
  const feeds = resolveInputs(graph, inputs);
  const prepared = await engine.prepare(graph);
  try {
    const results = await prepared.run(feeds);
    return new Map(
      resultOutputs(graph).map(({ name, value }) => [name, results.get(value.name) ?? feeds.get(value.name)!]),
    );
  } finally {
    await prepared.dispose();
  }
}

function resolveInputs(graph: Graph, inputs: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const problems: Diagnostic[] = [];
  const feeds = new Map<string, Tensor>();
  for (const [key, tensor] of inputs) {
    const input =
      graph.inputs.find(({ name }) => name === key) ?? (/^\d+$/.test(key) ? graph.inputs[Number(key)] : undefined);
    if (input) feeds.set(input.name, tensor);
    else
      problems.push(
        problem(
          "run.unknown-input",
          `the model has no input ${key}`,
          `its inputs are ${graph.inputs.map(({ name }) => name).join(", ")}`,
        ),
      );
  }
  for (const { name, type } of graph.inputs) {
    const tensor = feeds.get(name);
    if (tensor === undefined && graph.states.some(({ input }) => input === name)) continue;
    if (tensor === undefined)
      problems.push(problem("run.missing-input", `input ${name} was not given`, `it is ${type.dtype}[${type.shape}]`));
    else if (tensor.dtype !== type.dtype || tensor.shape.join() !== type.shape.join()) {
      problems.push(
        problem(
          "run.input-mismatch",
          `input ${name} is ${type.dtype}[${type.shape}], but ${tensor.dtype}[${tensor.shape}] was given`,
          "give a tensor of the model's own type and shape",
        ),
      );
    }
  }
  if (problems.length > 0) throw new DiagnosticError(problems);
  return feeds;
}

function problem(code: string, message: string, hint: string): Diagnostic {
  return { code, severity: "error", message, hint };
}
