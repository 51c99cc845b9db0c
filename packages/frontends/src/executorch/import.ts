import type { TensorMeta } from "@millrace/formats/pt2";
import type { PtdFile, PteProgram } from "@millrace/formats/pte";
import { DiagnosticError, fail, type ValueType } from "@millrace/ir";
import { npuProgram, resultsOf } from "@millrace/ops";
import type { Call } from "../torch/call.ts";
import { type ImportedModel, type ImportOptions, importTorch } from "../torch/import.ts";
import { elementTypeOf } from "../torch/types.ts";
import { quantizeBoundary } from "./boundary-quantization.ts";
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
        hint: "use the model that the program was made from",
      })),
    );
  const named = [...program.namedData, ...(options.weights?.entries ?? [])];
  const model = methodProgram({ ...program, namedData: named }, method, options.modelName ?? method.name ?? "forward");
  const types = model.program.graph.tensorValues;
  const imported = importTorch(model, {
    ...options,
    handlerOf: ({ target, inputs, outputs }) => {
      if (target !== delegateCall) return undefined;
      const results = outputs.flatMap((output) => (output.kind === "tensor" ? typeOf(types.get(output.name)!) : []));
      return (call) => runProgram(call, method.delegates, inputs.length - 1, results);
    },
  });
  quantizeBoundary(imported.graph, program);
  return imported;
}

function typeOf({ scalarType, sizes }: TensorMeta): ValueType {
  return { dtype: elementTypeOf(scalarType), shape: sizes.map(Number) };
}

function runProgram(
  call: Call,
  delegates: PteProgram["methods"][number]["delegates"],
  operands: number,
  types: readonly ValueType[],
) {
  const results = resultsOf(types);
  if (results === undefined) return call.unsupported("its program gives what no array computes", "export it again");
  const bytes = delegates[call.arguments.integer("0")].processed;
  const program = call.writer.constant({ dtype: "u8", shape: [bytes.length], data: bytes });
  const inputs = Array.from({ length: operands }, (_, index) => call.arguments.tensor(String(index + 1)));
  return call.writer.emitAll(npuProgram, [program, ...inputs], { results });
}
