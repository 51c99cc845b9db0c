import type { OnnxAttribute, OnnxGraph, OnnxValueInfo } from "@millrace/formats/onnx";
import type { Value } from "@millrace/ir";
import type { Sequence } from "./sequence.ts";
import type { StoredTensor } from "./tensors.ts";

/** A value of the graph, or a list of them. */
export type Item = Value | Sequence;

/**
 * What a name stands for; `unknown` after a problem that was reported, `absent` for an optional input left out or an optional without content, `unsupported` for a
 * result that can't be given, which is no problem until it is read.
 */
export type Binding = Item | "unknown" | "absent" | "unsupported";

export interface ScopeInit {
  /** Starts the names that the graph's values get. */
  readonly prefix: string;
  /** Operator set versions by domain. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Graph whose initializers belong to the scope. */
  readonly graph?: OnnxGraph;
  /** Values of the attributes of the function whose body this is. */
  readonly attributes?: ReadonlyMap<string, OnnxAttribute>;
  /** What the caller calls the results of the body. */
  readonly resultNames?: ReadonlyMap<string, string>;
  /** Scope around a subgraph. */
  readonly parent?: Scope;
  /** What a name means inside a body that has another graph around it. */
  readonly around?: (name: string) => Binding | undefined;
  /** Whether the shapes that the graph states for its values hold; not where inputs were given others. */
  readonly holdsStatedShapes?: boolean;
}

/** The names of a graph, a function's body or a subgraph. Initializers are turned into constants when they are first read. */
export class Scope {
  readonly prefix: string;
  readonly opsets: ReadonlyMap<string, number>;
  readonly attributes: ReadonlyMap<string, OnnxAttribute> | undefined;
  readonly #resultNames: ReadonlyMap<string, string> | undefined;
  readonly #parent: Scope | undefined;
  readonly #around: ScopeInit["around"];
  readonly #tensors = new Map<string, StoredTensor>();
  readonly #bindings = new Map<string, Binding>();
  readonly #graph: OnnxGraph | undefined;
  /** Whether the shapes that the graph states for its values hold. */
  readonly holdsStatedShapes: boolean;
  #stated: ReadonlyMap<string, OnnxValueInfo> | undefined;

  constructor(init: ScopeInit) {
    this.prefix = init.prefix;
    this.opsets = init.opsets;
    this.attributes = init.attributes ?? init.parent?.attributes;
    this.#resultNames = init.resultNames;
    this.#parent = init.parent;
    this.#around = init.around;
    this.#graph = init.graph;
    this.holdsStatedShapes = init.holdsStatedShapes ?? init.parent?.holdsStatedShapes ?? false;
    for (const tensor of init.graph?.initializers ?? []) this.#tensors.set(tensor.name, tensor);
    for (const tensor of init.graph?.sparseInitializers ?? []) this.#tensors.set(tensor.values?.name ?? "", tensor);
  }

  /** The graph-wide name of a value of this scope. */
  qualify(name: string): string {
    return this.#resultNames?.get(name) ?? this.prefix + name;
  }

  /** Whether the scope itself, not one around it, has the name. */
  owns(name: string): boolean {
    return this.#bindings.has(name) || this.#tensors.has(name);
  }

  /** The shape that the graph states for a value, if it states every size. */
  statedShape(name: string): readonly number[] | undefined {
    if (!this.holdsStatedShapes || this.#graph === undefined) return undefined;
    this.#stated ??= new Map([...this.#graph.valueInfos, ...this.#graph.outputs].map((info) => [info.name, info]));
    const sizes = this.#stated.get(name)?.type?.tensor?.shape?.dims.map(({ value }) => value);
    return sizes?.every((size): size is number => size !== undefined && size >= 0) ? sizes : undefined;
  }

  bind(name: string, binding: Binding): void {
    this.#bindings.set(name, binding);
  }

  /** What the name stands for, undefined for nothing; `read` turns an initializer into a constant. */
  find(name: string, read: (tensor: StoredTensor, name: string) => Binding): Binding | undefined {
    const known = this.#bindings.get(name);
    if (known !== undefined) return known;
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) return this.#parent?.find(name, read) ?? this.#around?.(name);
    const binding = read(tensor, this.qualify(name));
    this.#bindings.set(name, binding);
    return binding;
  }
}
