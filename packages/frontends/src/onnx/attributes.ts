import {
  decodeAttribute,
  type OnnxAttribute,
  type OnnxAttributeKind,
  type OnnxAttributeValue,
  type OnnxGraph,
  type OnnxSparseTensor,
  type OnnxTensor,
} from "@millrace/formats/onnx";
import { fail } from "@millrace/ir";

type Content<K extends OnnxAttributeKind> = Extract<OnnxAttributeValue, { readonly kind: K }>["value"];

const hint = "Check the model with onnx.checker and export it again.";

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
    return Number(this.#find(name, "INT") ?? fallback ?? this.#missing(name));
  }

  flag(name: string, fallback: boolean): boolean {
    return this.integer(name, Number(fallback)) !== 0;
  }

  real(name: string, fallback?: number): number {
    return this.#find(name, "FLOAT") ?? fallback ?? this.#missing(name);
  }

  text(name: string, fallback?: string): string {
    return this.#find(name, "STRING") ?? fallback ?? this.#missing(name);
  }

  integers(name: string): readonly number[] | undefined {
    return this.#find(name, "INTS")?.map(Number);
  }

  reals(name: string): readonly number[] | undefined {
    return this.#find(name, "FLOATS");
  }

  texts(name: string): readonly string[] | undefined {
    return this.#find(name, "STRINGS");
  }

  tensor(name: string): OnnxTensor {
    return this.#find(name, "TENSOR") ?? this.#missing(name);
  }

  sparseTensor(name: string): OnnxSparseTensor {
    return this.#find(name, "SPARSE_TENSOR") ?? this.#missing(name);
  }

  graph(name: string): OnnxGraph {
    return this.#find(name, "GRAPH") ?? this.#missing(name);
  }

  #find<K extends OnnxAttributeKind>(name: string, kind: K): Content<K> | undefined {
    this.#unread.delete(name);
    const found = this.#attributes.get(name);
    if (found === undefined) return undefined;
    const decoded = decodeAttribute(found);
    if (decoded.kind === kind) return decoded.value as Content<K> | undefined;
    return fail("onnx.bad-attribute", `the attribute ${name} is of kind ${decoded.kind}, not ${kind}`, { hint });
  }

  #missing(name: string): never {
    return fail("onnx.missing-attribute", `the attribute ${name} is missing`, { hint });
  }
}
