import { type PteMethod, type PteTensor, type PteValue, readPte } from "@millrace/formats/pte";
import { type Diagnostic, fail } from "@millrace/ir";
import { scalarTypeNames } from "@millrace/targets/executorch";
import { diagnosticsOf } from "./errors.ts";
import { type BoundaryInfo, inspect, type ModelInfo } from "./inspect.ts";
import { type LoadOptions, load, looksLikePte, type ModelSource } from "./load.ts";

export interface Inspection {
  readonly info: ModelInfo;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * What a file holds. The operators of an ExecuTorch program are the kernels and back ends that it calls, and it is shown also where parts of it are
 * in a form that only another back end knows. Throws what `load` throws.
 */
export function inspectFile(source: ModelSource, options: LoadOptions = {}): Inspection {
  if (!looksLikePte(source.bytes)) return inspectLoaded(source, options);
  const own = programInfo(source);
  try {
    const { info, diagnostics } = inspectLoaded(source, options);
    return { info: { ...info, operators: own.operators }, diagnostics };
  } catch (error) {
    const obstacles = diagnosticsOf(error) ?? [];
    if (obstacles.length === 0 || !obstacles.every(({ code }) => code.startsWith("executorch."))) throw error;
    const hint = "it can be shown and not run; its multiply-accumulates are not counted";
    return { info: own, diagnostics: obstacles.map((each) => ({ ...each, severity: "warning", hint })) };
  }
}

function inspectLoaded(source: ModelSource, options: LoadOptions): Inspection {
  const model = load(source, options);
  return { info: inspect(model), diagnostics: model.diagnostics };
}

/** What an ExecuTorch program says of itself. */
function programInfo({ name, bytes }: ModelSource): ModelInfo {
  const { methods } = readPte(bytes);
  const method = methods.find((each) => each.name === "forward") ?? methods[0];
  if (method === undefined)
    return fail("executorch.no-method", "the program has no method", { hint: "export it again" });
  const operators = calledBy(method);
  const boundary = (indices: readonly number[], label: string) =>
    indices.map((index, at) => boundaryOf(method.values[index], `${label}_${at}`));
  return {
    source: name,
    format: "pte",
    bytes: bytes.length,
    inputs: boundary(method.inputs, "input"),
    outputs: boundary(method.outputs, "output"),
    operators,
    macs: 0,
    parameters: parametersOf(method),
    quantized: Object.keys(operators).some((operator) => operator.includes("quantize")),
  };
}

const dtypes = new Map<string, string>(Object.entries(scalarTypeNames).map(([dtype, name]) => [name, dtype]));

/** Kernels and back ends by name, most frequent first. */
function calledBy({ chains, operators, delegates }: PteMethod): Record<string, number> {
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const instruction of chains.flatMap(({ instructions }) => instructions)) {
    if (instruction.kind === "DelegateCall") count(delegates[instruction.delegateIndex].id ?? "a back end");
    if (instruction.kind !== "KernelCall") continue;
    const { name, overload } = operators[instruction.opIndex];
    count(overload ? `${name}.${overload}` : `${name}`);
  }
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

function boundaryOf(value: PteValue, name: string): BoundaryInfo {
  if (value.kind !== "Tensor") return { name, dtype: value.kind, shape: [] };
  return { name, dtype: dtypes.get(value.scalarType) ?? value.scalarType, shape: value.sizes };
}

/** Elements of all constants. */
function parametersOf({ values }: PteMethod): number {
  const isConstant = ({ dataBufferIdx, allocationInfo, extraTensorInfo }: PteTensor) =>
    allocationInfo === undefined && (dataBufferIdx > 0 || extraTensorInfo?.location === "EXTERNAL");
  const tensors = values.filter((value) => value.kind === "Tensor").filter(isConstant);
  return tensors.reduce((sum, { sizes }) => sum + sizes.reduce((product, size) => product * size, 1), 0);
}
