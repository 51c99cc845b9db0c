import type { DType, Node, Tensor, Value } from "@millrace/ir";
import { sizesOf } from "@millrace/passes";
import type { EdgeArgument, EdgeBackend, EdgeCall, EdgeDelegation, EdgeTensor } from "./edge-program.ts";

/** Collects the steps of an Edge program. */
export class EdgeEmitter {
  readonly steps: (EdgeCall | EdgeDelegation)[] = [];
  readonly #backend: EdgeBackend;
  readonly #tensors = new Map<Value, EdgeTensor>();
  readonly #derived = new Map<Value, EdgeTensor>();
  readonly #names = new Map<string, number>();
  #node: Node | undefined;

  /** `backend` computes what is delegated. */
  constructor(backend: EdgeBackend) {
    this.#backend = backend;
  }

  /** Steps from here on come from `node`. */
  begin(node: Node): void {
    this.#node = node;
  }

  /** The tensor of a value. */
  read(value: Value): EdgeTensor {
    const known = this.#tensors.get(value);
    if (known) return known;
    const { name, type, constant } = value;
    const tensor = constant ? this.constant(name, constant) : this.tensor(name, type.dtype, sizesOf(value));
    this.#tensors.set(value, tensor);
    return tensor;
  }

  /** The tensor of an input that may be absent. */
  readOptional(value: Value | undefined): EdgeTensor | null {
    return value ? this.read(value) : null;
  }

  tensor(base: string, dtype: DType, shape: readonly number[]): EdgeTensor {
    return { name: this.#unique(base), dtype, shape };
  }

  constant(base: string, tensor: Tensor): EdgeTensor {
    return { ...this.tensor(base, tensor.dtype, tensor.shape), constant: tensor };
  }

  /** The constant that `make` makes of a constant value, which it is asked for once. */
  derived(value: Value, make: (tensor: Tensor) => Tensor): EdgeTensor {
    const known = this.#derived.get(value);
    if (known) return known;
    const constant = this.constant(value.name, make(value.constant!));
    this.#derived.set(value, constant);
    return constant;
  }

  /** Adds a call whose results there are already. */
  call(
    operator: string,
    positional: readonly EdgeArgument[],
    results: readonly EdgeTensor[],
    keywords: EdgeCall["keywords"] = {},
  ): void {
    this.steps.push({ operator, positional, keywords, results, origin: this.#origin() });
  }

  /** Adds a call with one result that only other steps of the node read. */
  step(
    operator: string,
    positional: readonly EdgeArgument[],
    { dtype, shape }: Pick<EdgeTensor, "dtype" | "shape">,
    keywords: EdgeCall["keywords"] = {},
  ): EdgeTensor {
    const result = this.tensor(`${this.#node?.name}/${operator.split(".")[1]}`, dtype, shape);
    this.call(operator, positional, [result], keywords);
    return result;
  }

  delegate(part: Omit<EdgeDelegation, "backend" | "origin">): void {
    this.steps.push({ ...part, backend: this.#backend, origin: this.#origin() });
  }

  #origin(): readonly string[] {
    const { origin = [], name = "" } = this.#node ?? {};
    return origin.length > 0 ? origin : [name];
  }

  #unique(base: string): string {
    const count = this.#names.get(base) ?? 0;
    this.#names.set(base, count + 1);
    return count === 0 ? base : this.#unique(`${base}_${count}`);
  }
}

/** Writes one node of the IR: adds calls, the last of which make the tensors of its outputs. */
export type EdgeLowering = (node: Node, emit: EdgeEmitter, outputs: readonly EdgeTensor[]) => void;

/** An operator that Edge programs can't have, and why. */
export interface Unsupported {
  readonly unsupported: string;
}

export function unsupported(why: string): Unsupported {
  return { unsupported: why };
}
