import type { Node } from "@millrace/formats/pt2";
import type { PtdFile, PteProgram } from "@millrace/formats/pte";
import { DiagnosticError, fail } from "@millrace/ir";
import { npuProgram, resultsOf } from "@millrace/ops";
import type { Call, Handler } from "../torch/call.ts";
import { type ImportedModel, type ImportOptions, importTorch } from "../torch/import.ts";
import { delegateCall, methodProgram } from "./method-program.ts";

/** The back end whose programs are command streams that Millrace executes. */
const ownBackend = "MillraceNpu";

export interface ExecutorchImportOptions extends Omit<ImportOptions, "handlerOf"> {
  /** Parameters that the program looks up by name. */
  readonly weights?: PtdFile | undefined;
}

/**
 * Turns the method `forward` of an ExecuTorch program, or its only one, into a graph: kernels are the operators that they compute, and
 * programs for Millrace's own back end are nodes of the graph. Throws DiagnosticError with everything that is wrong or not supported, such as
 * parts for other back ends (`executorch.other-backend`).
 */
export function importExecutorch(program: PteProgram, options: ExecutorchImportOptions = {}): ImportedModel {
  const method = program.methods.find(({ name }) => name === "forward") ?? program.methods[0];
  if (method === undefined)
    return fail("executorch.no-method", "the program has no method", { hint: "export it again" });
  const others = method.delegates
    .filter(({ id }) => id !== ownBackend)
    .map(({ id }) => id ?? "a back end without a name");
  if (others.length > 0)
    throw new DiagnosticError(
      [...new Set(others)].map((id) => ({
        code: "executorch.other-backend",
        severity: "error",
        message: `Parts of the program are for ${id}, in a form that only that back end knows`,
        hint: "import the model that the program was made from",
      })),
    );
  const named = [...program.namedData, ...(options.weights?.entries ?? [])];
  const model = methodProgram({ ...program, namedData: named }, method, options.modelName ?? method.name ?? "forward");
  const sizes = (name: string) => model.program.graph.tensorValues.get(name)?.sizes.map(Number) ?? [];
  const delegated = (node: Node): Handler => {
    const shapes = node.outputs.map((output) => (output.kind === "tensor" ? sizes(output.name) : []));
    return (call) => runProgram(call, method.delegates, node.inputs.length - 1, shapes);
  };
  return importTorch(model, {
    ...options,
    handlerOf: (node) => (node.target === delegateCall ? delegated(node) : undefined),
  });
}

function runProgram(
  call: Call,
  delegates: PteProgram["methods"][number]["delegates"],
  operands: number,
  shapes: readonly (readonly number[])[],
) {
  const bytes = delegates[call.arguments.integer("delegate")].processed;
  const program = call.writer.constant({ dtype: "u8", shape: [bytes.length], data: bytes });
  const inputs = Array.from({ length: operands }, (_, index) => call.arguments.tensor(String(index + 1)));
  return call.writer.emitAll(npuProgram, [program, ...inputs], { results: resultsOf(shapes) });
}
