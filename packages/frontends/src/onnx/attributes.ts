import type { OnnxAttribute, OnnxGraph, OnnxTensor } from "@millrace/formats/onnx";
import { fail } from "@millrace/ir";

/** One kind of attribute value: its code in the file, its name in errors, and how it is read. */
interface Kind<T> {
  readonly code: number;
  readonly name: string;
  read(attribute: OnnxAttribute): T | undefined;
}

const utf8 = new TextDecoder();
const real: Kind<number> = { code: 1, name: "a number", read: ({ float }) => float ?? 0 };
const integer: Kind<number> = { code: 2, name: "an integer", read: ({ int }) => Number(int ?? 0) };
const text: Kind<string> = { code: 3, name: "a text", read: ({ string }) => (string ? utf8.decode(string) : "") };
const tensor: Kind<OnnxTensor> = { code: 4, name: "a tensor", read: (attribute) => attribute.tensor };
const graph: Kind<OnnxGraph> = { code: 5, name: "a graph", read: (attribute) => attribute.graph };
const reals: Kind<readonly number[]> = { code: 6, name: "a list of numbers", read: ({ floats }) => floats ?? [] };
const integers: Kind<readonly number[]> = {
  code: 7,
  name: "a list of integers",
  read: ({ ints }) => ints?.map(Number) ?? [],
};

/**
 * The attributes of one node, each read by its kind. Reading marks an attribute as understood; `unread` names the others.
 * Throws a diagnostic `onnx.bad-attribute` for a value of another kind and `onnx.missing-attribute` for one that has to be there.
 */
export class AttributeReader {
  readonly #attributes: ReadonlyMap<string, OnnxAttribute>;
  readonly #unread: Set<string>;

  constructor(attributes: readonly OnnxAttribute[]) {
    this.#attributes = new Map(attributes.map((attribute) => [attribute.name, attribute]));
    this.#unread = new Set(this.#attributes.keys());
  }

  /** Names of the attributes nobody asked for. */
  get unread(): readonly string[] {
    return [...this.#unread];
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  /** Marks attributes as understood that make no difference to an importer. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#unread.delete(name);
  }

  integer(name: string, fallback?: number): number {
    return this.#find(name, integer) ?? fallback ?? this.#missing(name);
  }

  flag(name: string, fallback: boolean): boolean {
    return this.integer(name, Number(fallback)) !== 0;
  }

  real(name: string, fallback?: number): number {
    return this.#find(name, real) ?? fallback ?? this.#missing(name);
  }

  text(name: string, fallback?: string): string {
    return this.#find(name, text) ?? fallback ?? this.#missing(name);
  }

  integers(name: string): readonly number[] | undefined {
    return this.#find(name, integers);
  }

  reals(name: string): readonly number[] | undefined {
    return this.#find(name, reals);
  }

  tensor(name: string): OnnxTensor {
    return this.#find(name, tensor) ?? this.#missing(name);
  }

  graph(name: string): OnnxGraph {
    return this.#find(name, graph) ?? this.#missing(name);
  }

  #find<T>(name: string, kind: Kind<T>): T | undefined {
    this.#unread.delete(name);
    const found = this.#attributes.get(name);
    if (found === undefined || found.type === kind.code || found.type === 0) return found && kind.read(found);
    return fail("onnx.bad-attribute", `the attribute ${name} is not ${kind.name}`, {
      hint: "Check the model with onnx.checker and export it again.",
    });
  }

  #missing(name: string): never {
    return fail("onnx.missing-attribute", `the attribute ${name} is missing`, {
      hint: "Check the model with onnx.checker and export it again.",
    });
  }
}
