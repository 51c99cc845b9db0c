import type { PteInstructionDraft } from "@millrace/formats/pte";
import { type Dimension, evaluateDimension } from "@millrace/ir";
import type { CalledKernels } from "./called-kernels.ts";
import type { EdgeTensor } from "./edge-program.ts";
import type { MethodValues } from "./method-values.ts";

const integer = { base: "int", optional: false };

/** Computes open sizes from those of a method's inputs while it runs, each of them once. */
export class SizeValues {
  /** What has to be done before a size is read. */
  readonly instructions: PteInstructionDraft[] = [];
  readonly #inputs: readonly EdgeTensor[];
  readonly #values: MethodValues;
  readonly #kernels: CalledKernels;
  readonly #known = new Map<string, number>();

  constructor(inputs: readonly EdgeTensor[], values: MethodValues, kernels: CalledKernels) {
    this.#inputs = inputs;
    this.#values = values;
    this.#kernels = kernels;
  }

  /** The value that holds a size. */
  of(size: Dimension): number {
    return evaluateDimension(size, {
      number: (value) => this.#values.argument(value, integer),
      symbol: (name) => this.#sizeOfInput(name),
      add: (a, b) => this.#computed("executorch_prim::add.Scalar", a, b),
      multiply: (a, b) => this.#computed("executorch_prim::mul.Scalar", a, b),
      divide: (a, b) => this.#computed("executorch_prim::floordiv.Scalar", a, b),
    });
  }

  #sizeOfInput(symbol: string): number {
    const input = this.#inputs.find(({ shape }) => shape.includes(symbol));
    if (input === undefined) throw new Error(`${symbol} is no input's size`);
    const axis = this.#values.argument(input.shape.indexOf(symbol), integer);
    return this.#computed("aten::sym_size.int", this.#values.tensor(input), axis);
  }

  #computed(kernel: string, ...operands: readonly number[]): number {
    const key = `${kernel} ${operands}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const result = this.#values.add({ kind: "Int", intVal: 0n });
    this.#known.set(key, result);
    this.instructions.push({ kind: "KernelCall", opIndex: this.#kernels.call(kernel), args: [...operands, result] });
    return result;
  }
}
