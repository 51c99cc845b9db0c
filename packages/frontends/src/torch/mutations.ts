import { type OperatorSchema, schemaOf } from "@millrace/formats/aten";
import type { Node } from "@millrace/formats/pt2";
import { fail, type Value } from "@millrace/ir";
import type { Scope } from "./scope.ts";

/** A tensor that looks at the memory of another one. */
interface View {
  readonly base: string;
  readonly node: Node;
}

/** Follows what nodes write to tensors, which everything that looks at the same memory sees from then on. */
export class Mutations {
  readonly #scope: Scope;
  readonly #views = new Map<string, View>();
  /** Views whose memory was written to since they were made. */
  readonly #stale = new Set<string>();
  readonly #visit: (node: Node) => void;

  /** `visit` imports a node again, which gives a view of what its base is by then. */
  constructor(scope: Scope, visit: (node: Node) => void) {
    this.#scope = scope;
    this.#visit = visit;
  }

  /** Notes what a node, whose first result is given, looks at or has written to. */
  follow(node: Node, result: Value): void {
    const schema = schemaOf(node.target);
    const written = writtenTensor(node, schema);
    if (written !== undefined) this.#write(written, result);
    const base = written ?? viewedTensor(node, schema);
    if (base === undefined) return;
    for (const output of node.outputs)
      if (output.kind === "tensor" && output.name !== base) this.#views.set(output.name, { base, node });
  }

  /** Sees to it that a name stands for what its memory holds now. */
  refresh(name: string): void {
    if (!this.#stale.delete(name)) return;
    const view = this.#views.get(name);
    if (view === undefined) return;
    this.refresh(view.base);
    const isSame = writtenTensor(view.node, schemaOf(view.node.target)) !== undefined;
    if (isSame) this.#scope.bind(name, this.#scope.find(view.base));
    else this.#visit(view.node);
  }

  /** A tensor that was written to has other contents, and so has everything that shares its memory. */
  #write(name: string, value: Value): void {
    const view = this.#views.get(name);
    this.#scope.bind(name, value);
    if (view === undefined) {
      for (const other of this.#views.keys()) if (this.#rootOf(other) === name) this.#stale.add(other);
      return;
    }
    if (writtenTensor(view.node, schemaOf(view.node.target)) === undefined)
      fail("torch.view-write", `it writes to "${name}", which is a part or another shape of "${view.base}"`, {
        hint: "Compute a new tensor instead of writing into a view, or export the model with run_decompositions().",
      });
    this.#write(view.base, value);
  }

  #rootOf(name: string): string {
    const view = this.#views.get(name);
    return view === undefined ? name : this.#rootOf(view.base);
  }
}

/** The tensor that a node writes to; undefined for one that writes to none. */
export function writtenTensor(node: Node, schema: OperatorSchema | undefined): string | undefined {
  return aliased(node, schema, true);
}

function viewedTensor(node: Node, schema: OperatorSchema | undefined): string | undefined {
  return schema?.returns.some(({ alias }) => alias) ? aliased(node, schema, false) : undefined;
}

function aliased(node: Node, schema: OperatorSchema | undefined, written: boolean): string | undefined {
  const argument = schema?.arguments.find(({ alias }) => alias && alias.written === written)?.name;
  const given = node.inputs.find(({ name }) => name === argument)?.value;
  return given?.kind === "tensor" ? given.name : undefined;
}

/** The operator that computes what this one writes to its input: `aten.add.Tensor` of `aten.add_.Tensor`. */
export function functionalName(name: string, schema: OperatorSchema | undefined): string {
  const isInPlace = schema?.arguments.some(({ alias }) => alias?.written) ?? /_\.\w+$/.test(name);
  return isInPlace ? name.replace(/_(\.\w+)$/, "$1") : name;
}
