import type { SignatureDef, TfliteModel } from "@millrace/formats/tflite";
import { type Diagnostic, DiagnosticError, fail, Graph, type Value } from "@millrace/ir";
import { type Call, type Scope, valueAt } from "./call.ts";
import { customImporters } from "./custom.ts";
import type { Importer } from "./importer.ts";
import { checkSizes, fileSizes, inputShape, type SizeOptions } from "./open-sizes.ts";
import { importers } from "./operators.ts";
import { refusalOf } from "./refusals.ts";
import { tensorName, typeOf } from "./tensors.ts";

/** Operators that may be imported beyond those of the file, where subgraphs are repeated. */
const repeatedOperators = 1 << 16;

export interface TfliteImportOptions extends SizeOptions {
  /** Name of the graph; that of the file's subgraph without it. */
  readonly name?: string;
}

export interface TfliteImport {
  readonly graph: Graph;
  /** Warnings; whatever prevents an import is thrown. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The graph of a TFLite model: image-like data channel-last, depthwise weights as those of a grouped convolution, quantization
 * in the values' types, names of inputs and outputs those of the signature. IF and WHILE hold the subgraphs they run, CALL is
 * resolved; subgraphs that the first one doesn't lead to are left out and noted. Variable tensors are inputs and outputs behind the
 * file's own, linked as the graph's states. Sizes are the file's static ones, those given, or, on request, open where
 * the file leaves them open and all of its operators can do with that.
 * Throws a DiagnosticError with everything that can't be imported: `tflite.unknown-operator`, `tflite.hybrid`,
 * `tflite.subgraphs`, `tflite.variable`, `tflite.invalid-operator` and others under `tflite.`.
 */
export function importTflite(model: TfliteModel, options: TfliteImportOptions = {}): TfliteImport {
  if (!options.open) return importSized(model, { ...options, open: false });
  try {
    return importSized(model, options);
  } catch (error) {
    diagnosticsOf(error);
    return importSized(model, { ...options, open: false });
  }
}

function importSized(model: TfliteModel, options: TfliteImportOptions): TfliteImport {
  const [subgraph] = model.subgraphs;
  if (subgraph === undefined)
    fail("tflite.subgraphs", "The file has no subgraph.", { hint: "Export the model again." });
  const graph = new Graph(options.name ?? (subgraph.name || "model"));
  const scope: Scope = {
    model,
    subgraph,
    path: [],
    budget: { operators: repeatedOperators + sizeOf(model) },
    reached: new Set([subgraph]),
    importOperators,
    graph,
    values: [],
    adapted: new Map(),
    diagnostics: [],
    fileSizes: fileSizes(subgraph, options),
    states: new Map(),
    variables: { handles: new Map(), inputs: new Map(), current: new Map(), initial: new Map() },
    openSizes: { count: 0 },
  };
  const problems: Diagnostic[] = [];
  const attempt = (action: () => void) => {
    try {
      action();
    } catch (error) {
      problems.push(...diagnosticsOf(error));
    }
  };
  const signature = model.signatureDefs?.find(({ subgraphIndex }) => subgraphIndex === 0);
  attempt(() => addInputs(scope, signature, options));
  attempt(() => importOperators(scope));
  if (problems.length === 0) attempt(() => setOutputs(scope, signature));
  if (problems.length > 0) throw new DiagnosticError(problems);
  return { graph, diagnostics: [...scope.diagnostics, ...leftOut(scope)] };
}

function sizeOf({ subgraphs }: TfliteModel): number {
  return subgraphs.reduce((sum, { operators, inputs, outputs }) => {
    return sum + operators.length + inputs.length + outputs.length + 1;
  }, 0);
}

/** A note of the subgraphs that the first one does not lead to. */
function leftOut({ model, reached }: Scope): Diagnostic[] {
  const others = model.subgraphs.filter((subgraph) => !reached.has(subgraph)).map(({ name }) => name || "unnamed");
  if (others.length === 0) return [];
  return [
    {
      code: "tflite.subgraphs",
      severity: "warning",
      message: `Only the first of the file's entry points is imported; left out are: ${others.join(", ")}.`,
      hint: "Export each signature to a file of its own.",
    },
  ];
}

function addInputs(scope: Scope, signature: SignatureDef | undefined, sizes: SizeOptions): void {
  const { subgraph, graph, values } = scope;
  const names = signatureNames(signature?.inputs);
  const inputNames = subgraph.inputs.map((index) => names.get(index) ?? tensorName(subgraph.tensors[index], index));
  checkSizes(subgraph, inputNames, sizes);
  for (const [position, index] of subgraph.inputs.entries()) {
    const stored = subgraph.tensors[index];
    const own = tensorName(stored, index);
    if (values[index]) fail("tflite.duplicate-input", `Input "${own}" is listed twice.`, { at: { value: own } });
    const name = inputNames[position];
    values[index] = graph.addInput(name, { ...typeOf(stored, own), shape: inputShape(stored, name, sizes) });
  }
}

function setOutputs(scope: Scope, signature: SignatureDef | undefined): void {
  const { subgraph, graph } = scope;
  const names = signatureNames(signature?.outputs);
  const values = subgraph.outputs.map((index) => valueAt(scope, index));
  const known = subgraph.outputs.map((index, at) => names.get(index) ?? values[at].name);
  const states = [...scope.states];
  graph.setOutputs(
    [...values, ...states.map(([, { after }]) => after)],
    [...known, ...states.map(([, { after }]) => after.name)],
  );
  graph.states = states.map(([{ name }, { after, initial }]) => {
    return { input: name, output: after.name, ...(initial && { initial }) };
  });
}

function signatureNames(entries: SignatureDef["inputs"]): ReadonlyMap<number, string> {
  return new Map((entries ?? []).flatMap(({ tensorIndex, name }) => (name ? [[tensorIndex, name] as const] : [])));
}

/**
 * Imports every operator and throws all problems together. The results of one that fails are stood in for, so that what follows is
 * looked at too; of operators that read a stand-in only those are reported that can't be imported whatever they read.
 */
function importOperators(scope: Scope): void {
  const problems: Diagnostic[] = [];
  const unsure = new Set<Value>();
  for (const [index, stored] of scope.subgraph.operators.entries()) {
    const call = callOf(scope, index);
    try {
      importOperator(call);
    } catch (error) {
      const found = diagnosticsOf(error);
      const doubtful = stored.inputs.some((input) => unsure.has(scope.values[input]!));
      problems.push(...(doubtful ? found.filter(({ code }) => code === "tflite.unknown-operator") : found));
    }
    standIn(call, unsure);
  }
  if (problems.length > 0) throw new DiagnosticError(problems);
}

function callOf(scope: Scope, index: number): Call {
  const stored = scope.subgraph.operators[index];
  const code = scope.model.operatorCodes[stored.opcodeIndex];
  const builtin = code.builtinCode === "CUSTOM" ? `CUSTOM ${code.customCode ?? ""}`.trim() : code.builtinCode;
  const first = stored.outputs[0] ?? -1;
  const name = first < 0 ? `${builtin}_${index}` : tensorName(scope.subgraph.tensors[first], first);
  return { scope, builtin, index, stored, name };
}

function importerOf(builtin: string): Importer | undefined {
  const custom = "CUSTOM ";
  if (Object.hasOwn(importers, builtin)) return importers[builtin];
  const code = builtin.startsWith(custom) ? builtin.slice(custom.length) : "";
  return Object.hasOwn(customImporters, code) ? customImporters[code] : undefined;
}

function importOperator(call: Call): void {
  const { builtin, index, stored, name } = call;
  const importer = importerOf(builtin);
  if (importer === undefined) {
    const { why, hint } = refusalOf(builtin);
    fail(
      "tflite.unknown-operator",
      `Operator ${index} (${builtin}), which makes "${name}", can't be imported: ${why}.`,
      {
        at: { node: name },
        hint,
      },
    );
  }
  const { least, most, silent = false } = importer;
  if (stored.inputs.length < least || stored.inputs.length > most || (stored.outputs.length === 0) !== silent) {
    const counts = `${stored.inputs.length} operands and ${stored.outputs.length} results`;
    fail("tflite.invalid-operator", `Operator ${index} (${builtin}), which makes "${name}", has ${counts}.`, {
      at: { node: name },
      hint: "The file is damaged; export it again.",
    });
  }
  importer.run(call);
}

/** Gives the results that an operator failed to make, and those made from stand-ins, to `unsure`. */
function standIn({ scope, stored, name }: Call, unsure: Set<Value>): void {
  const doubtful = stored.inputs.some((input) => unsure.has(scope.values[input]!));
  for (const index of stored.outputs) {
    if (index < 0 || scope.variables.handles.has(index)) continue;
    const made = scope.values[index];
    const value = made ?? scope.graph.addInput(`${name}_missing`, { dtype: "f32", shape: [] });
    scope.values[index] = value;
    if (made === undefined || doubtful) unsure.add(value);
  }
}

/** The diagnostics of an error that the model is to blame for; any other error passes on. */
function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  if (error instanceof DiagnosticError) return error.diagnostics;
  throw error;
}
