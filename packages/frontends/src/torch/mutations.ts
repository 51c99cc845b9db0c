import { type OperatorSchema, schemaOf } from "@millrace/formats/aten";
import type { Node } from "@millrace/formats/pt2";
import type { Value } from "@millrace/ir";
import type { Scope } from "./scope.ts";

/** A tensor that looks at the memory of another one. */
interface View {
  readonly base: string;
  readonly node: Node;
}

/** How the walk imports nodes for what is written. */
export interface Writing {
  /** Imports the node that gives a view again, for what its base is by now. */
  again(node: Node): void;
  /** What a base becomes when `value` is written to the view of it that the node gives. */
  through(node: Node, base: string, value: Value): Value;
}

/** Follows what nodes write to tensors, which everything that looks at the same memory sees from then on. */
export class Mutations {
  readonly #scope: Scope;
  readonly #writing: Writing;
  readonly #views = new Map<string, View>();
  readonly #viewsOf = new Map<string, string[]>();
  /** Views whose memory was written to since they were made. */
  readonly #stale = new Set<string>();

  constructor(scope: Scope, writing: Writing) {
    this.#scope = scope;
    this.#writing = writing;
  }

  /** Notes what a node, whose first result is given, looks at or has written to. */
  follow(node: Node, result: Value): void {
    const schema = schemaOf(node.target);
    const written = writtenTensor(node, schema);
    if (written !== undefined) this.#write(written, result);
    const base = written ?? viewedTensor(node, schema);
    if (base === undefined) return;
    for (const output of node.outputs.flatMap(namesIn)) {
      if (output === base || this.#views.has(output)) continue;
      this.#views.set(output, { base, node });
      this.#viewsOf.set(base, [...(this.#viewsOf.get(base) ?? []), output]);
    }
  }

  /** Sees to it that a name stands for what its memory holds now. */
  refresh(name: string): void {
    if (!this.#stale.delete(name)) return;
    const { base, node } = this.#views.get(name)!;
    this.refresh(base);
    if (writes(node)) this.#scope.bind(name, this.#scope.find(base));
    else this.#writing.again(node);
  }

  /** A tensor that was written to has other contents, and so has all that it looks at and all that looks at it. */
  #write(name: string, value: Value): void {
    this.#scope.bind(name, value);
    this.#outdate(name);
    const view = this.#views.get(name);
    if (view === undefined) return;
    this.refresh(view.base);
    const whole = writes(view.node) ? value : this.#writing.through(view.node, view.base, value);
    this.#write(view.base, whole);
    this.#stale.delete(name);
  }

  #outdate(name: string): void {
    for (const view of this.#viewsOf.get(name) ?? []) {
      this.#stale.add(view);
      this.#outdate(view);
    }
  }
}

function namesIn(output: Node["outputs"][number]): readonly string[] {
  if (output.kind === "tensor") return [output.name];
  return output.kind === "tensors" ? output.names : [];
}

function writes(node: Node): boolean {
  return writtenTensor(node, schemaOf(node.target)) !== undefined;
}

/** The tensor that a node writes to; undefined for one that writes to none. */
export function writtenTensor(node: Node, schema: OperatorSchema | undefined): string | undefined {
  return aliased(node, schema, true);
}

/** The tensor that a node's results look at; undefined for one that gives tensors of their own. */
export function viewedTensor(node: Node, schema: OperatorSchema | undefined): string | undefined {
  return schema?.returns.some(({ alias }) => alias) ? aliased(node, schema, false) : undefined;
}

function aliased(node: Node, schema: OperatorSchema | undefined, written: boolean): string | undefined {
  const argument = schema?.arguments.find(({ alias }) => alias && alias.written === written)?.name;
  const given = node.inputs.find(({ name }) => name === argument)?.value;
  return given?.kind === "tensor" ? given.name : undefined;
}

/** The operator that computes what this one writes to its input: `aten.add.Tensor` of `aten.add_.Tensor`. */
export function functionalName(name: string, schema: OperatorSchema | undefined): string {
  const isInPlace = schema?.arguments.some(({ alias }) => alias?.written) ?? false;
  const functional = name.replace(/_(\.\w+)$/, "$1");
  return isInPlace ? (renamed.get(functional) ?? functional) : name;
}

/** Overloads that are called otherwise where they write to their input. */
const renamed: ReadonlyMap<string, string> = new Map([
  ["aten.pow.Scalar", "aten.pow.Tensor_Scalar"],
  ["aten.pow.Tensor", "aten.pow.Tensor_Tensor"],
  ["aten.floor_divide.Tensor", "aten.floor_divide.default"],
]);
