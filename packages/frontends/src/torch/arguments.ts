import type { OperatorSchema, SchemaDefault } from "@millrace/formats/aten";
import type { Argument, Graph, Node, ScalarType } from "@millrace/formats/pt2";
import { type Dimension, type DType, fail, type Value } from "@millrace/ir";
import { type Scope, tensorNames } from "./scope.ts";
import { elementTypeOf, type Scalar } from "./types.ts";

const hint = "Export the model again with torch.export.save.";
const endOfAxis = Number.MAX_SAFE_INTEGER;

/**
 * The arguments of one node by their names in the operator's schema, with the schema's defaults for those that the file leaves out; by
 * "0", "1" and so on for a node without a schema. Throws `torch.bad-argument` for one of another kind, and for one that is missing.
 */
export class Arguments {
  readonly #given = new Map<string, Argument>();
  readonly #defaults: ReadonlyMap<string, SchemaDefault>;
  readonly #scope: Scope;

  constructor(node: Node, schema: OperatorSchema | undefined, scope: Scope) {
    this.#scope = scope;
    const names = schema?.arguments.map(({ name }) => name) ?? [];
    for (const [index, { name, value }] of node.inputs.entries())
      this.#given.set(schema ? name || (names[index] ?? String(index)) : String(index), value);
    this.#defaults = new Map(
      (schema?.arguments ?? []).flatMap(({ name, initial }) => (initial === undefined ? [] : [[name, initial]])),
    );
  }

  /** The argument as the file has it; undefined if it is left out. */
  given(name: string): Argument | undefined {
    return this.#given.get(name);
  }

  /** Whether the argument is there and is not None. */
  has(name: string): boolean {
    const given = this.#given.get(name);
    return given === undefined ? (this.#defaults.get(name) ?? null) !== null : given.kind !== "none";
  }

  tensor(name: string): Value {
    return this.optionalTensor(name) ?? this.#refuse(name, "a tensor");
  }

  optionalTensor(name: string): Value | undefined {
    const given = this.#given.get(name);
    if (given === undefined || given.kind === "none") return undefined;
    return given.kind === "tensor" ? this.#read(given.name) : this.#refuse(name, "a tensor");
  }

  tensors(name: string): readonly Value[] {
    return this.optionalTensors(name).map((value) => value ?? this.#refuse(name, "a list of tensors"));
  }

  /** A list of one tensor at least. */
  someTensors(name: string): readonly [Value, ...Value[]] {
    const [first, ...others] = this.tensors(name);
    return first ? [first, ...others] : this.#refuse(name, "a list that is not empty");
  }

  /** Whole numbers, as many as `count` says. */
  exactly(count: number, name: string): readonly number[] {
    const numbers = this.integers(name);
    return numbers.length === count ? numbers : this.#refuse(name, `a list of ${count} numbers`);
  }

  optionalTensors(name: string): readonly (Value | undefined)[] {
    const given = this.#given.get(name);
    if (given === undefined) return this.#refuse(name, "a list of tensors");
    return tensorNames(given).map((tensor) => (tensor === undefined ? undefined : this.#read(tensor)));
  }

  /** A tensor, or a number in its place. */
  operand(name: string): Value | Scalar {
    const given = this.#given.get(name);
    return given?.kind === "tensor" ? this.#read(given.name) : this.scalar(name);
  }

  scalar(name: string): Scalar {
    const given = this.#given.get(name) ?? this.#default(name);
    if (given.kind === "int") return { kind: "integer", value: known(this.#scope.size(given.value)) };
    if (given.kind === "float") return { kind: "real", value: this.#scope.real(given.value) };
    if (given.kind === "bool") return { kind: "bool", value: Number(this.#scope.flag(given.value)) };
    return this.#refuse(name, "a number");
  }

  real(name: string): number {
    return this.scalar(name).value;
  }

  optionalReal(name: string): number | undefined {
    return this.has(name) ? this.real(name) : undefined;
  }

  reals(name: string): readonly number[] {
    const given = this.#given.get(name) ?? this.#default(name);
    if (given.kind === "floats") return given.values.map((value) => this.#scope.real(value));
    return this.sizes(name).map(known);
  }

  flag(name: string): boolean {
    return this.scalar(name).value !== 0;
  }

  text(name: string): string {
    const given = this.#given.get(name) ?? this.#default(name);
    return given.kind === "string" ? given.value : this.#refuse(name, "a text");
  }

  /** A whole number that may depend on sizes left open. */
  size(name: string): Dimension {
    const given = this.#given.get(name) ?? this.#default(name);
    return given.kind === "int" ? clampedSize(this.#scope.size(given.value)) : this.#refuse(name, "a whole number");
  }

  sizes(name: string): readonly Dimension[] {
    const given = this.#given.get(name) ?? this.#default(name);
    if (given.kind === "int") return [this.size(name)];
    if (given.kind === "none" || (given.kind === "tensors" && given.names.length === 0)) return [];
    return given.kind === "ints"
      ? given.values.map((value) => clampedSize(this.#scope.size(value)))
      : this.#refuse(name, "a list of whole numbers");
  }

  integer(name: string): number {
    return known(this.size(name));
  }

  integers(name: string): readonly number[] {
    return this.sizes(name).map(known);
  }

  /** The element type; undefined for None. */
  dtype(name: string): DType | undefined {
    const type = this.scalarType(name);
    return type && elementTypeOf(type);
  }

  scalarType(name: string): ScalarType | undefined {
    if (!this.has(name)) return undefined;
    const given = this.#given.get(name);
    return given?.kind === "scalarType" ? given.value : this.#refuse(name, "an element type");
  }

  graph(name: string): Graph {
    const given = this.#given.get(name);
    return given?.kind === "graph" ? given.graph : this.#refuse(name, "a graph");
  }

  /** Where the file says that a tensor lies in its memory: its first element, and how far apart the elements along each axis are, in elements. */
  memory(name: string): { readonly offset: Dimension; readonly strides: readonly Dimension[] } {
    const given = this.#given.get(name);
    const meta = given?.kind === "tensor" ? this.#scope.meta(given.name) : undefined;
    if (meta === undefined) return this.#refuse(name, "a tensor whose memory the file describes");
    const { symbols } = this.#scope;
    return {
      offset: symbols.sizeOf(meta.storageOffset),
      strides: meta.strides.map((stride) => symbols.sizeOf(stride)),
    };
  }

  /** How many arguments the file has. */
  get count(): number {
    return this.#given.size;
  }

  #read(tensor: string): Value {
    const binding = this.#scope.find(tensor);
    return binding === "unknown" ? fail("torch.unknown", `"${tensor}" is not known`) : binding;
  }

  #default(name: string): Argument {
    const initial = this.#defaults.get(name);
    if (initial === undefined) return this.#refuse(name, "given");
    if (initial === null) return { kind: "none" };
    if (typeof initial === "boolean") return { kind: "bool", value: initial };
    if (typeof initial === "number")
      return Number.isInteger(initial) ? { kind: "int", value: initial } : { kind: "float", value: initial };
    if (typeof initial === "string") return { kind: "string", value: initial };
    return { kind: "ints", values: initial.map(Number) };
  }

  #refuse(name: string, wanted: string): never {
    const kind = this.#given.get(name)?.kind ?? "missing";
    return fail("torch.bad-argument", `its argument ${name} is ${kind}, and has to be ${wanted}`, { hint });
  }
}

/** Python writes "up to the end" as the greatest integer of 64 bits. */
function clampedSize(size: Dimension): Dimension {
  return typeof size === "number" ? Math.max(-endOfAxis, Math.min(endOfAxis, size)) : size;
}

function known(size: Dimension): number {
  if (typeof size === "number") return size;
  return fail("torch.open-size", `it needs the size ${size}, which is open`, {
    hint: "Give the sizes of the model's inputs, as in --shape x=1,3,224,224.",
  });
}
