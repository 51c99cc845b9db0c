import { type ExportedProgram, type Pt2Model, tensorOfInput } from "@millrace/formats/pt2";
import { type Diagnostic, Graph, type SizeBounds, symbol, type Tensor } from "@millrace/ir";
import { Builder } from "../onnx/builder.ts";
import { fixInputs, offerValues } from "../onnx/given-values.ts";
import { removeUnused } from "../onnx/remove-unused.ts";
import { Constants } from "./constants.ts";
import { adviseOpenSizes, type GivenSizes, userInputs } from "./inputs.ts";
import { setOutputs } from "./outputs.ts";
import { Problems } from "./problems.ts";
import { Scope } from "./scope.ts";
import { keptBuffers, StateKeeper } from "./states.ts";
import { Symbols } from "./symbols.ts";
import { type HandlerOf, Walker } from "./walker.ts";

export interface ImportOptions extends GivenSizes {
  /** Tensors of inputs by name or index, for operators that need the contents of an input when they are imported; such inputs become constants. */
  readonly values?: ReadonlyMap<string, Tensor>;
  /** Name of the graph. */
  readonly modelName?: string;
  /** Asked first for each node. */
  readonly handlerOf?: HandlerOf;
}

export interface ImportedModel {
  readonly graph: Graph;
  /** Names of the inputs that the program asks for, in its order. */
  readonly inputNames: readonly string[];
  /** Of open sizes by their symbols, where the program tells how large they may become. */
  readonly bounds: SizeBounds;
  /** What was decided on the way; no errors. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Turns an exported program, of the training dialect or of core ATen, into a graph. Inputs, outputs and results keep their names, parameters
 * their names in the state dict; every node's `origin` is its name behind the modules that contain it. What a node writes to its inputs is followed,
 * and buffers that keep something from run to run become states. Throws DiagnosticError with everything that is wrong or not supported.
 */
export function importTorch(model: Pt2Model, options: ImportOptions = {}): ImportedModel {
  const problems = new Problems();
  const { program } = model;
  const graph = new Graph(options.modelName ?? model.name);
  const symbols = new Symbols();
  const scope = new Scope(program.graph, symbols);
  const builder = new Builder(graph);
  userInputs(program, graph, scope, options, problems);
  const inputNames = graph.inputs.map(({ name }) => name);
  offerValues(builder, graph, options.values ?? new Map());
  const constants = new Constants(builder, problems);
  const states = new StateKeeper(graph, keptBuffers(program));
  for (const spec of program.signature.inputs) {
    const stored = tensorOfInput(spec, model);
    if (stored === undefined || typeof spec.value !== "string" || !("target" in spec)) continue;
    const value = constants.valueOf(spec.target, stored);
    scope.bind(spec.value, (value && states.keep(spec.value, value)) ?? "unknown");
  }
  const walker = new Walker(builder, problems, scope, 0, options.handlerOf);
  walker.walk();
  setOutputs(program, graph, walker, states, problems);
  adviseOpenSizes(graph, problems);
  problems.throwIfAny();
  fixInputs(builder, problems);
  removeUnused(graph);
  return { graph, inputNames, bounds: boundsOf(program), diagnostics: problems.diagnostics };
}

/** Sizes that a tensor in memory can't have are no bounds: exporters write some for "any". */
const mostEntries = 2 ** 31 - 1;

function boundsOf({ rangeConstraints }: ExportedProgram): SizeBounds {
  const ranges = [...rangeConstraints].map(([name, { minimum = 0, maximum = mostEntries }]) => {
    return [symbol(name), { minimum: Math.max(0, Number(minimum)), maximum: Number(maximum) }] as const;
  });
  return new Map(ranges.filter(([, { minimum, maximum }]) => maximum < mostEntries && minimum <= maximum));
}
