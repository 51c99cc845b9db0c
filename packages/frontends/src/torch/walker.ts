import { schemaOf } from "@millrace/formats/aten";
import type { Argument, Node, Graph as Pt2Graph } from "@millrace/formats/pt2";
import { DiagnosticError, fail, Graph, type Value, type ValueType } from "@millrace/ir";
import { Builder } from "../onnx/builder.ts";
import { type Body, Captures } from "../onnx/captures.ts";
import { removeUnused } from "../onnx/remove-unused.ts";
import type { Surroundings } from "../onnx/surroundings.ts";
import { Arguments } from "./arguments.ts";
import { Call, type Handler } from "./call.ts";
import { functionalName, Mutations } from "./mutations.ts";
import { handlers } from "./operators.ts";
import { viewWrites } from "./ops/view-writes.ts";
import { nodeName, operatorName, pathOf, placeOf } from "./places.ts";
import type { Problems } from "./problems.ts";
import { refuseOperator } from "./refusals.ts";
import { Scope, tensorNames } from "./scope.ts";

/** The version of ONNX's operators that nodes are imported as. */
const opset = 23;
/** Graphs inside each other. */
const maximumDepth = 100;

/** How a node that only the caller knows is imported; undefined for others. */
export type HandlerOf = (node: Node) => Handler | undefined;

/** Goes through the nodes of one graph of a program in order, and binds what each gives to its names. */
export class Walker {
  readonly builder: Builder;
  readonly problems: Problems;
  readonly depth: number;
  readonly #scope: Scope;
  readonly #mutations: Mutations;
  readonly #read: ReadonlySet<string>;
  readonly #own: HandlerOf;

  constructor(builder: Builder, problems: Problems, scope: Scope, depth = 0, own: HandlerOf = () => undefined) {
    this.#own = own;
    this.builder = builder;
    this.problems = problems;
    this.depth = depth;
    this.#scope = scope;
    this.#read = namesRead(scope.graph);
    this.#mutations = new Mutations(scope, {
      again: (node) => this.#visit(node),
      through: (node, base, value) => this.#throughView(node, base, value),
    });
    if (depth > maximumDepth)
      fail("torch.too-deep", `graphs nest over ${maximumDepth} deep`, { hint: "Write some of them out." });
  }

  walk(): void {
    for (const node of this.#scope.graph.nodes) this.#visit(node);
  }

  /** What the graph's outputs stand for; undefined for those that are no tensors. */
  results(): readonly (Value | undefined)[] {
    return this.#scope.graph.outputs
      .flatMap(tensorNames)
      .map((name) => (name === undefined ? undefined : this.read(name)));
  }

  /** What a name stands for after everything that was written to it or to what it is a view of. */
  read(name: string): Value | undefined {
    this.#mutations.refresh(name);
    const binding = this.#scope.find(name);
    return binding === "unknown" ? undefined : binding;
  }

  #visit(node: Node): void {
    if (isArithmetic(node)) return;
    const names = node.outputs.flatMap(tensorNames).map((name) => name ?? "");
    const results = this.problems.try(placeOf(node), () => this.#import(node, names)) ?? [];
    for (const [index, name] of names.entries()) {
      const isUnread = results[index] === undefined && !this.#read.has(name);
      if (name !== "" && !isUnread) this.#scope.bind(name, results[index] ?? "unknown");
    }
    const [first] = results;
    if (first) this.problems.try(placeOf(node), () => this.#mutations.follow(node, first));
  }

  #import(node: Node, names: readonly string[]): readonly (Value | undefined)[] {
    const own = this.#own(node);
    const { handler, isInPlace } = own ? { handler: own, isInPlace: false } : handlerOf(node);
    const inputs = node.inputs.flatMap(({ value }) => tensorNames(value)).filter((name) => name !== undefined);
    for (const name of inputs) this.#mutations.refresh(name);
    if (inputs.some((name) => this.#scope.find(name) === "unknown")) return [];
    const read = names.map((name) => (this.#read.has(name) ? name : ""));
    const call = this.#callOf(node, read);
    const results = [handler(call)].flat();
    const missing = read.find((name, index) => name !== "" && results[index] === undefined);
    if (missing !== undefined)
      call.unsupported(`its result "${missing}" is read`, "Leave it out of what the model uses.");
    if (isInPlace && results[0]) results[0] = call.converted(results[0], call.arguments.tensor("self").type.dtype);
    for (const [index, name] of names.entries()) {
      const result = results[index];
      if (result && call.made(result) && !this.#scope.has(name)) this.builder.graph.rename(result, name);
    }
    return results;
  }

  #throughView(node: Node, base: string, value: Value): Value {
    const name = node.target.replace(/^torch\.ops\./, "");
    const binding = this.#scope.find(base);
    const write = Object.hasOwn(viewWrites, name) ? viewWrites[name] : undefined;
    if (binding !== "unknown" && write) return write(this.#callOf(node, []), binding, value);
    return fail("torch.view-write", `it writes to a part of "${base}" that ${operatorName(name)} gives`, {
      hint: "Compute a new tensor instead of writing into a view, or export the model with run_decompositions().",
    });
  }

  #callOf(node: Node, read: readonly string[]): Call {
    const given = new Arguments(node, schemaOf(node.target), this.#scope);
    return new Call(given, read, this.#surroundings(node), {
      inline: (graph, inputs) => this.#inline(graph, inputs),
      body: (graph, carried, around) => this.#body(graph, carried, around),
    });
  }

  #inline(graph: Pt2Graph, inputs: readonly Value[]): readonly Value[] {
    const scope = new Scope(graph, this.#scope.symbols);
    bindInputs(scope, inputs);
    return new Walker(this.builder, this.problems, scope, this.depth + 1, this.#own).#finish();
  }

  #body(graph: Pt2Graph, carried: readonly ValueType[], around: readonly Value[]): Body {
    const within = new Builder(new Graph("body"), this.builder.openSizes);
    const captures = new Captures(this.builder, within);
    const scope = new Scope(graph, this.#scope.symbols);
    const names = inputNames(scope);
    const inputs = carried.map((type, index) => within.graph.addInput(names[index] ?? "input", type));
    bindInputs(scope, [...inputs, ...around.map((value) => captures.take(value))]);
    within.graph.setOutputs(new Walker(within, this.problems, scope, this.depth + 1, this.#own).#finish());
    removeUnused(within.graph);
    return { graph: within.graph, captured: captures.values };
  }

  /** The results after all nodes; ends the import of the node that holds the graph where one is missing, which was reported. */
  #finish(): readonly Value[] {
    this.walk();
    const results = this.results();
    if (results.every((result) => result !== undefined)) return results;
    throw new DiagnosticError([]);
  }

  #surroundings(node: Node): Omit<Surroundings, "inputs"> {
    const { label, at } = placeOf(node);
    return {
      builder: this.builder,
      opset,
      naming: { node: pathOf(node), value: nodeName(node) },
      statedShape: () => undefined,
      decode: noSuchPart,
      elementType: noSuchPart,
      noteType: () => undefined,
      sourceType: () => undefined,
      inform: (code, sentence, hint) =>
        this.problems.add({ code, severity: "info", message: `${label}: ${sentence}`, hint, ...(at && { at }) }),
      inline: noSuchPart,
      body: noSuchPart,
    };
  }
}

/** Nodes of a program hold no tensors, types or graphs of ONNX's. */
function noSuchPart(): never {
  throw new Error("A program has no part of ONNX's.");
}

/** The handler of the operator, or of the one without side effects where the node writes to its input. */
function handlerOf({ target }: Node): { readonly handler: Handler; readonly isInPlace: boolean } {
  const name = target.replace(/^torch\.ops\./, "");
  if (Object.hasOwn(handlers, name)) return { handler: handlers[name], isInPlace: false };
  const functional = functionalName(name, schemaOf(target));
  if (Object.hasOwn(handlers, functional)) return { handler: handlers[functional], isInPlace: true };
  return refuseOperator(name, operatorName(target));
}

function inputNames({ graph }: Scope): readonly string[] {
  return graph.inputs.flatMap(tensorNames).filter((name) => name !== undefined);
}

function bindInputs(scope: Scope, values: readonly Value[]): void {
  const names = inputNames(scope);
  if (names.length !== values.length)
    fail("torch.shape", `its graph has ${names.length} inputs, not ${values.length}`, {
      hint: "Export the model again with torch.export.save.",
    });
  for (const [index, name] of names.entries()) scope.bind(name, values[index]);
}

/** Whether the node gives numbers that the file states already, and no tensors: arithmetic on sizes. */
function isArithmetic({ outputs }: Node): boolean {
  return outputs.length > 0 && outputs.every(({ kind }) => kind === "int" || kind === "float" || kind === "bool");
}

function namesRead(graph: Pt2Graph): ReadonlySet<string> {
  const inside = (argument: Argument) => tensorNames(argument).filter((name) => name !== undefined);
  return new Set([
    ...graph.nodes.flatMap(({ inputs }) => inputs.flatMap(({ value }) => inside(value))),
    ...graph.outputs.flatMap(inside),
  ]);
}
