import type { OnnxFunction, OnnxGraph, OnnxNode } from "@millrace/formats/onnx";
import { DiagnosticError, elementCount, fail, Graph, type Tensor, type Value, type ValueType } from "@millrace/ir";
import { AttributeReader } from "./attributes.ts";
import { Builder } from "./builder.ts";
import { type Body, Captures } from "./captures.ts";
import { type FunctionLibrary, maximumPrefix, resolveAttributes } from "./functions.ts";
import { importers } from "./ops/index.ts";
import { isStandard } from "./opsets.ts";
import { orderNodes } from "./order.ts";
import type { Place, Problems } from "./problems.ts";
import { refuseOperator } from "./refusals.ts";
import { removeUnused } from "./remove-unused.ts";
import { type Binding, type Item, Scope } from "./scope.ts";
import { Sequence } from "./sequence.ts";
import { type Importer, SourceNode } from "./source-node.ts";
import type { Result } from "./surroundings.ts";
import type { StoredTensor, TensorReader } from "./tensors.ts";

/** Functions and branches inside each other. */
const maximumDepth = 100;
/** Nodes that writing out functions and branches may give. */
const maximumNodes = 2 ** 17;

const hint = "Check the model with onnx.checker and export it again.";

type Results = readonly (Binding | undefined)[];

/** Walks through nodes in order, functions and branches included, and binds what each gives to its names. */
export class Walker {
  readonly #builder: Builder;
  readonly #problems: Problems;
  readonly #functions: FunctionLibrary;
  readonly #tensors: TensorReader;
  /** Functions and branches the walk is inside of. */
  readonly #open: object[] = [];
  #count = 0;

  constructor(builder: Builder, problems: Problems, functions: FunctionLibrary, tensors: TensorReader) {
    this.#builder = builder;
    this.#problems = problems;
    this.#functions = functions;
    this.#tensors = tensors;
  }

  walk(nodes: readonly OnnxNode[], scope: Scope): void {
    const order = orderNodes(nodes);
    this.#reportOrder(order, scope);
    for (const node of order.stuck) this.#bind(node, scope, [], placeOf(node, scope));
    for (const node of order.nodes) this.#visit(node, scope);
  }

  /** What a name stands for; reports a name that stands for nothing, or for a result that is not supported. */
  read(name: string, scope: Scope, place: Place): Binding {
    const binding = this.#find(name, scope, place);
    if (binding !== "unsupported") return binding;
    this.#problems.error("onnx.unsupported-attribute", `${place.label}: it reads "${name}", which can't be given.`, {
      at: place.at,
      hint: "Export the model for inference, or without what reads this result.",
    });
    return "unknown";
  }

  #find(name: string, scope: Scope, { label, at }: Place): Binding {
    const binding = scope.find(name, (tensor, qualified) => this.#readTensor(tensor, qualified));
    if (binding !== undefined) return binding;
    this.#problems.error("onnx.missing-input", `${label}: nothing is called "${name}".`, {
      at,
      hint,
    });
    return "unknown";
  }

  #visit(node: OnnxNode, scope: Scope): void {
    const place = placeOf(node, scope);
    const inputs = node.inputs.map((name): Binding => (name === "" ? "absent" : this.read(name, scope, place)));
    const results = this.#problems.try(place, () => {
      const definition = this.#functions.find(node);
      if (definition) return this.#call(definition, node, inputs, scope);
      return this.#import(node, inputs, scope);
    });
    this.#bind(node, scope, results ?? [], place);
  }

  #import(node: OnnxNode, inputs: readonly Binding[], scope: Scope): Results {
    const opset = scope.opsets.get("") ?? 0;
    const importer = importerOf(node);
    if (inputs.includes("unknown")) return [];
    const { label, at } = placeOf(node, scope);
    const attributes = new AttributeReader(resolveAttributes(node.attributes, scope.attributes));
    const source = new SourceNode(node, attributes, {
      builder: this.#builder,
      opset,
      naming: {
        node: nameOf(node, scope),
        value: scope.qualify(node.outputs.find((name) => name !== "") ?? nameOf(node, scope)),
      },
      inputs: inputs.map((binding) => (binding === "absent" ? undefined : (binding as Item))),
      statedShape: (output) => scope.statedShape(node.outputs[output] ?? ""),
      decode: (tensor) => this.#decode(tensor),
      elementType: (code) => this.#tensors.elementType(code),
      noteType: (value, code) => this.#tensors.note(value, code),
      sourceType: (value) => this.#tensors.sourceType(value),
      inform: (code, sentence, hint) =>
        this.#problems.add({
          code,
          severity: "info",
          message: `${label}: ${sentence}`,
          hint,
          ...(at && { at }),
        }),
      inline: (graph, inputs, name) => this.#inline(graph, inputs, scope, name),
      body: (graph, types, captured) => this.#body(graph, types, captured, scope),
    });
    const results = [importer(source)].flat();
    const [unread] = source.attributes.unread;
    if (unread !== undefined)
      source.unsupported(
        `the attribute ${unread} is not one of opset ${opset}`,
        "Remove the attribute, or state the opset it belongs to.",
      );
    return this.#named(node, scope, source, results);
  }

  /** Gives the values made for a node the names of its results. */
  #named(node: OnnxNode, scope: Scope, source: SourceNode, results: readonly (Result | undefined)[]): Results {
    return node.outputs.map((name, index) => {
      const result = results[index];
      if (name !== "" && source.made.delete(result as Value))
        this.#builder.graph.rename(result as Value, scope.qualify(name));
      return result ?? "unsupported";
    });
  }

  #call(definition: OnnxFunction, node: OnnxNode, inputs: readonly Binding[], scope: Scope): Results {
    if (this.#open.includes(definition))
      fail("onnx.recursive-function", `the function ${definition.name} calls itself`, {
        hint: "Write the recursion out; ONNX has none.",
      });
    const body = this.#functions.scopeOf(definition, node, scope, nameOf(node, scope));
    for (const [index, name] of definition.inputs.entries()) body.bind(name, inputs[index] ?? "absent");
    this.#descend(definition.nodes, body, definition);
    return definition.outputs.map((name, index) =>
      node.outputs[index] ? this.#find(name, body, placeOf(node, scope)) : undefined,
    );
  }

  /** The results of a graph in the scope around it, for its inputs. */
  #inline(graph: OnnxGraph, inputs: readonly (Item | undefined)[], scope: Scope, name?: string): readonly Result[] {
    if (graph.inputs.length !== inputs.length)
      fail("onnx.shape", `its graph "${graph.name}" has ${graph.inputs.length} inputs, not ${inputs.length}`, { hint });
    const prefix = name === undefined ? scope.prefix : `${name.slice(-maximumPrefix)}/`;
    const inner = new Scope({ prefix, opsets: scope.opsets, graph, parent: scope });
    for (const [index, input] of graph.inputs.entries()) inner.bind(input.name, inputs[index] ?? "absent");
    this.#descend(graph.nodes, inner, graph);
    return this.#resultsOf(graph, inner);
  }

  /** A graph of its own out of one that an operator holds. */
  #body(graph: OnnxGraph, types: readonly ValueType[], captured: readonly Value[], scope: Scope): Body {
    if (graph.inputs.length !== types.length)
      fail("onnx.shape", `its graph "${graph.name}" has ${graph.inputs.length} inputs, not ${types.length}`, { hint });
    const within = new Builder(new Graph(graph.name), this.#builder.openSizes);
    const captures = new Captures(this.#builder, within);
    const around = (name: string) => {
      const outer = scope.find(name, (tensor, qualified) => this.#readTensor(tensor, qualified));
      return outer && captures.bindingOf(outer);
    };
    const { prefix, opsets, attributes = new Map(), holdsStatedShapes } = scope;
    const inner = new Scope({ prefix, opsets, attributes, holdsStatedShapes, graph, around });
    for (const [index, { name }] of graph.inputs.entries()) inner.bind(name, within.graph.addInput(name, types[index]));
    for (const value of captured) captures.take(value);
    const walker = new Walker(within, this.#problems, this.#functions, this.#tensors);
    walker.#open.push(...this.#open);
    walker.#count = this.#count;
    walker.#descend(graph.nodes, inner, graph);
    this.#count = walker.#count;
    const results = walker.#resultsOf(graph, inner);
    if (!results.every((result): result is Value => typeof result === "object" && !(result instanceof Sequence)))
      fail("onnx.unsupported-control-flow", "it decides while the model runs, and gives a sequence or an optional", {
        hint: "Export the model so that tensors are what it decides on.",
      });
    within.graph.setOutputs(results);
    removeUnused(within.graph);
    return { graph: within.graph, captured: captures.values };
  }

  /** Results of a graph that was walked through; what can't be given was reported, and ends the import of the node that holds it. */
  #resultsOf(graph: OnnxGraph, scope: Scope): readonly Result[] {
    return graph.outputs.map((output) => {
      const place = { label: `The graph "${graph.name}"`, at: { value: scope.qualify(output.name) } };
      const result = this.read(output.name, scope, place);
      if (result === "unknown" || result === "unsupported") throw new DiagnosticError([]);
      return result;
    });
  }

  #descend(nodes: readonly OnnxNode[], scope: Scope, within: object): void {
    if (this.#open.length === maximumDepth)
      fail("onnx.too-deep", `functions and branches nest over ${maximumDepth} deep`, {
        hint: "Write some of them out.",
      });
    this.#count += 1 + nodes.length;
    if (this.#count > maximumNodes)
      fail("onnx.too-large", `the model's functions and branches come to over ${maximumNodes} nodes when written out`, {
        hint: "Split the model, or simplify its functions.",
      });
    this.#open.push(within);
    try {
      this.walk(nodes, scope);
    } finally {
      this.#open.pop();
    }
  }

  #bind(node: OnnxNode, scope: Scope, results: Results, { label, at }: Place): void {
    node.outputs.forEach((name, index) => {
      if (name === "") return;
      if (scope.owns(name))
        this.#problems.error("onnx.duplicate-name", `${label}: its result "${name}" has the name of another value.`, {
          at,
          hint: "Give every value a name of its own.",
        });
      else scope.bind(name, results[index] ?? "unknown");
    });
  }

  #readTensor(tensor: StoredTensor, name: string): Binding {
    const place = { label: `The initializer "${name}"`, at: { value: name } };
    const value = this.#problems.try(place, () => this.#builder.constant(name, this.#decode(tensor)));
    if (value && "dataType" in tensor) this.#tensors.note(value, tensor.dataType);
    return value ?? "unknown";
  }

  /** A sparse tensor counts with the size it has when dense. */
  #decode(tensor: StoredTensor): Tensor {
    if (!("dataType" in tensor)) this.#builder.reserve(8 * elementCount(tensor.dims));
    return this.#tensors.decode(tensor);
  }

  #reportOrder({ cycle, stuck, wasOrdered }: ReturnType<typeof orderNodes>, scope: Scope): void {
    const names = cycle.map((node) => `"${nameOf(node, scope)}"`).join(", ");
    if (cycle.length > 0)
      this.#problems.error("onnx.cycle", `The nodes ${names} read each other's results in a circle.`, {
        at: { node: nameOf(cycle[0], scope) },
        hint: "A graph can't compute this; export the model again.",
      });
    else if (!wasOrdered && stuck.length === 0)
      this.#problems.add({
        code: "onnx.not-topological",
        severity: "info",
        message: "Nodes stood before those whose results they read; they were sorted.",
      });
  }
}

function importerOf(node: OnnxNode): Importer {
  const key = isStandard(node.domain) ? node.opType : `${node.domain}.${node.opType}`;
  return Object.hasOwn(importers, key) ? importers[key] : refuseOperator(node);
}

function nameOf(node: OnnxNode, scope: Scope): string {
  if (node.name !== "") return scope.prefix + node.name;
  const output = node.outputs.find((name) => name !== "");
  return output === undefined ? scope.prefix + node.opType : scope.qualify(output);
}

function placeOf(node: OnnxNode, scope: Scope): Place {
  const name = nameOf(node, scope);
  const value = node.outputs.find((output) => output !== "");
  return {
    label: `${node.opType} "${name}"`,
    at: { node: name, ...(value !== undefined && { value: scope.qualify(value) }) },
  };
}
