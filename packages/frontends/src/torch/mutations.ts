import { type OperatorSchema, schemaOf } from "@millrace/formats/aten";
import type { Node } from "@millrace/formats/pt2";
import { fail, type Value } from "@millrace/ir";
import type { Scope } from "./scope.ts";

/** A tensor that looks at the memory of another one. */
interface View {
  readonly base: string;
  readonly node: Node;
  /** How many tensors look at each other from here to the memory. */
  readonly depth: number;
}

/** Views of views. */
const maximumDepth = 1000;

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
  /** Views by the tensor they look at, without the stale ones. */
  readonly #viewsOf = new Map<string, Set<string>>();
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
    const seen = written ?? viewedTensor(node, schema);
    if (seen === undefined) return;
    const base = this.#memoryOf(seen);
    const depth = (this.#views.get(base)?.depth ?? 0) + 1;
    if (depth > maximumDepth)
      fail("torch.too-deep", `over ${maximumDepth} views look at one another`, { hint: "Copy the tensor in between." });
    for (const output of node.outputs.flatMap(namesIn)) {
      if (output === base) continue;
      if (!this.#views.has(output)) this.#views.set(output, { base, node, depth });
      this.#freshViewsOf(this.#views.get(output)!.base).add(output);
    }
  }

  /** The tensor itself, or what it is another name of since a node has written to that. */
  #memoryOf(name: string): string {
    const view = this.#views.get(name);
    return view && writes(view.node) ? view.base : name;
  }

  #freshViewsOf(base: string): Set<string> {
    const views = this.#viewsOf.get(base) ?? new Set();
    this.#viewsOf.set(base, views);
    return views;
  }

  /** Sees to it that a name stands for what its memory holds now. */
  refresh(name: string): void {
    if (!this.#stale.delete(name)) return;
    const { base, node } = this.#views.get(name)!;
    this.refresh(base);
    if (writes(node)) this.#scope.bind(name, this.#scope.find(base));
    else this.#writing.again(node);
    this.#freshViewsOf(base).add(name);
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
    this.#freshViewsOf(view.base).add(name);
  }

  #outdate(name: string): void {
    const views = this.#freshViewsOf(name);
    this.#viewsOf.delete(name);
    for (const view of views) {
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
  ["aten.float_power.Tensor", "aten.float_power.Tensor_Tensor"],
  ["aten.transpose.default", "aten.transpose.int"],
]);
