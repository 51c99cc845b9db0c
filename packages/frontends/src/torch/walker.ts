import { type OperatorSchema, schemaOf } from "@millrace/formats/aten";
import type { Argument, Node, Graph as Pt2Graph } from "@millrace/formats/pt2";
import { fail, type Value } from "@millrace/ir";
import type { Builder } from "../onnx/builder.ts";
import type { Surroundings } from "../onnx/surroundings.ts";
import { Arguments } from "./arguments.ts";
import { Call, type Handler } from "./call.ts";
import { higherOrder } from "./higher-order.ts";
import { functionalName, Mutations } from "./mutations.ts";
import { handlers } from "./operators.ts";
import { nodeName, operatorName, pathOf, placeOf } from "./places.ts";
import type { Problems } from "./problems.ts";
import { refuseOperator } from "./refusals.ts";
import { type Scope, tensorNames } from "./scope.ts";

/** The version of ONNX's operators that nodes are imported as. */
const opset = 23;
/** Graphs inside each other. */
const maximumDepth = 100;

/** Goes through the nodes of one graph of a program in order, and binds what each gives to its names. */
export class Walker {
  readonly builder: Builder;
  readonly problems: Problems;
  readonly depth: number;
  readonly #scope: Scope;
  readonly #mutations: Mutations;
  readonly #read: ReadonlySet<string>;

  constructor(builder: Builder, problems: Problems, scope: Scope, depth = 0) {
    this.builder = builder;
    this.problems = problems;
    this.depth = depth;
    this.#scope = scope;
    this.#read = namesRead(scope.graph);
    this.#mutations = new Mutations(scope, (node) => this.#visit(node));
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
    const schema = schemaOf(node.target);
    const handler = higherOrder(node, this, this.#scope) ?? handlerOf(node, schema);
    const inputs = node.inputs.flatMap(({ value }) => tensorNames(value)).filter((name) => name !== undefined);
    for (const name of inputs) this.#mutations.refresh(name);
    if (inputs.some((name) => this.#scope.find(name) === "unknown")) return [];
    const read = names.map((name) => (this.#read.has(name) ? name : ""));
    const call = new Call(new Arguments(node, schema, this.#scope), read, this.#surroundings(node));
    const results = [handler(call)].flat();
    for (const [index, name] of names.entries()) {
      const result = results[index];
      if (result && call.made(result) && !this.#scope.has(name)) this.builder.graph.rename(result, name);
    }
    return results;
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
function handlerOf({ target }: Node, schema: OperatorSchema | undefined): Handler {
  const name = target.replace(/^torch\.ops\./, "");
  const found = [name, functionalName(name, schema)].find((key) => Object.hasOwn(handlers, key));
  return found === undefined ? refuseOperator(name, operatorName(target)) : handlers[found];
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
