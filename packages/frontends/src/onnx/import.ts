import type { ExternalData, OnnxModel } from "@millrace/formats/onnx";
import { type Diagnostic, Graph, type Tensor, type Value } from "@millrace/ir";
import { Builder } from "./builder.ts";
import { FunctionLibrary } from "./functions.ts";
import { fixInputs, offerValues } from "./given-values.ts";
import { adviseOpenSizes, type GivenSizes, inputTypes, reportNoTensor } from "./inputs.ts";
import { checkedOpset, modelVersionsOf } from "./opsets.ts";
import { Problems } from "./problems.ts";
import { removeUnused } from "./remove-unused.ts";
import { Scope } from "./scope.ts";
import { Sequence } from "./sequence.ts";
import { TensorReader } from "./tensors.ts";
import { Walker } from "./walker.ts";

export interface ImportOptions {
  /** Files that tensors are stored in, by the name the model gives them. */
  readonly externalData?: ExternalData;
  /** Sizes of symbolic dimensions by name. */
  readonly dimensions?: ReadonlyMap<string, number>;
  /** Shapes of inputs by name, in the place of those in the model. */
  readonly shapes?: ReadonlyMap<string, readonly number[]>;
  /** Tensors of inputs by name or index, for operators that need the contents of an input when they are imported; such inputs become constants. */
  readonly values?: ReadonlyMap<string, Tensor>;
  /** Name of the graph; the model's own without it. */
  readonly modelName?: string;
}

export interface ImportedModel {
  readonly graph: Graph;
  /** Names of the inputs that the model asks for, in its order, those that became constants among them. */
  readonly inputNames: readonly string[];
  /** What was decided on the way; no errors. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Turns a model of opset 1 to 28 into a graph. Inputs, outputs and tensors keep their names, weights their layout; every node's `origin`
 * names the source node. Functions, recurrent layers, and branches and loops whose course is known are written out, sequences and optionals
 * are followed through them, and what depends on constants and shapes only is computed. Throws DiagnosticError with everything that is wrong or not supported.
 */
export function importOnnx(model: OnnxModel, options: ImportOptions = {}): ImportedModel {
  const problems = new Problems();
  const opsets = modelVersionsOf(model.opsetImports);
  problems.try({ label: "The model", at: undefined }, () => checkedOpset(opsets));
  const graph = new Graph(options.modelName ?? model.graph.name);
  const tensors = new TensorReader(options.externalData, problems);
  const builder = new Builder(graph);
  const walker = new Walker(builder, problems, new FunctionLibrary(model), tensors);
  const scope = new Scope({
    prefix: "",
    opsets,
    graph: model.graph,
    holdsStatedShapes: (options.shapes?.size ?? 0) === 0,
  });
  checkInitializers(model, problems);
  addInputs(model, graph, scope, options, tensors, problems);
  const inputNames = graph.inputs.map(({ name }) => name);
  offerValues(builder, graph, options.values ?? new Map());
  problems.try({ label: "The model", at: undefined }, () => walker.walk(model.graph.nodes, scope));
  setOutputs(model, graph, scope, walker, problems);
  adviseOpenSizes(graph, problems);
  problems.throwIfAny();
  fixInputs(builder, problems);
  removeUnused(graph);
  return { graph, inputNames, diagnostics: problems.diagnostics };
}

/** Adds the inputs that a caller has to give: not those with an initializer, nor those that a node computes. */
function addInputs(
  { graph: source }: OnnxModel,
  graph: Graph,
  scope: Scope,
  given: GivenSizes,
  tensors: TensorReader,
  problems: Problems,
): void {
  const computed = new Set(source.nodes.flatMap(({ outputs }) => outputs));
  const inputs = source.inputs.filter(({ name }) => !scope.owns(name) && !computed.has(name));
  const types = inputTypes(inputs, given, tensors, problems);
  for (const { name, type: stated } of inputs) {
    const type = types.get(name);
    if (scope.owns(name)) {
      reportTwins("inputs", name, problems);
      continue;
    }
    const input = type && graph.addInput(name, type);
    if (input) tensors.note(input, stated?.tensor?.elementType ?? 0);
    scope.bind(name, input ?? "unknown");
  }
}

function checkInitializers({ graph }: OnnxModel, problems: Problems): void {
  const names = new Set<string>();
  for (const { name } of graph.initializers) {
    if (names.has(name)) reportTwins("initializers", name, problems);
    names.add(name);
  }
}

function reportTwins(what: string, name: string, problems: Problems): void {
  problems.error("onnx.duplicate-name", `Two ${what} are called "${name}".`, {
    at: { value: name },
    hint: "Give every value a name of its own.",
  });
}

function setOutputs(
  { graph: source }: OnnxModel,
  graph: Graph,
  scope: Scope,
  walker: Walker,
  problems: Problems,
): void {
  if (source.outputs.length === 0)
    problems.error("onnx.missing-output", "The model has no output.", {
      hint: "Name the result in the graph's outputs.",
    });
  const values = source.outputs.map(({ name }) =>
    walker.read(name, scope, { label: `The output "${name}"`, at: { value: name } }),
  );
  for (const [index, value] of values.entries())
    if (value instanceof Sequence || value === "absent") reportNoTensor("output", source.outputs[index].name, problems);
  graph.setOutputs(
    values.filter((value): value is Value => typeof value === "object" && !(value instanceof Sequence)),
    source.outputs.map(({ name }) => name),
  );
}
