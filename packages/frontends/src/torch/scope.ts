import type { Argument, Graph, Integer, TensorMeta } from "@millrace/formats/pt2";
import { type Dimension, fail, type Value } from "@millrace/ir";
import type { Symbols } from "./symbols.ts";

/** What the name of a tensor stands for; `unknown` after a problem that was reported. */
export type Binding = Value | "unknown";

const hint = "Export the model again with torch.export.save.";

/** The names of one graph of the program: its tensors, and what its symbolic numbers are. */
export class Scope {
  readonly graph: Graph;
  readonly symbols: Symbols;
  readonly #bindings = new Map<string, Binding>();

  constructor(graph: Graph, symbols: Symbols) {
    this.graph = graph;
    this.symbols = symbols;
  }

  bind(name: string, binding: Binding): void {
    this.#bindings.set(name, binding);
    const sizes = this.meta(name)?.sizes ?? [];
    if (binding === "unknown" || sizes.length !== binding.type.shape.length) return;
    for (const [axis, size] of sizes.entries()) this.symbols.learn(size, binding.type.shape[axis]);
  }

  unbind(name: string): void {
    this.#bindings.delete(name);
  }

  has(name: string): boolean {
    return this.#bindings.has(name);
  }

  find(name: string): Binding {
    return (
      this.#bindings.get(name) ?? fail("torch.missing-value", `it reads "${name}", which nothing has made`, { hint })
    );
  }

  /** What the file says about a tensor. */
  meta(name: string): TensorMeta | undefined {
    return this.graph.tensorValues.get(name);
  }

  size(given: Integer | string): Dimension {
    if (typeof given !== "string") return Number(given);
    const stored = this.graph.symIntValues.get(given);
    if (stored !== undefined) return this.symbols.sizeOf(stored);
    return fail("torch.missing-value", `it reads the size "${given}", which nothing has made`, { hint });
  }

  real(given: number | string): number {
    const stored = typeof given === "string" ? this.graph.symFloatValues.get(given) : given;
    if (typeof stored === "number") return stored;
    return fail("torch.data-dependent-size", `it needs the number ${given}, which is computed while the model runs`, {
      hint: "Make it a constant, or a tensor, before the model is exported.",
    });
  }

  flag(given: boolean | string): boolean {
    const stored = typeof given === "string" ? this.graph.symBoolValues.get(given) : given;
    if (typeof stored === "boolean") return stored;
    return fail("torch.data-dependent-size", `it needs the truth of ${given}, which is computed while the model runs`, {
      hint: "Make it a constant, or a tensor, before the model is exported.",
    });
  }
}

/** Names of the tensors that an argument is or holds, in order; undefined for a place in a list that is left empty. */
export function tensorNames(argument: Argument): readonly (string | undefined)[] {
  if (argument.kind === "tensor") return [argument.name];
  if (argument.kind === "tensors" || argument.kind === "optionalTensors") return argument.names;
  return argument.kind === "none" ? [undefined] : [];
}
