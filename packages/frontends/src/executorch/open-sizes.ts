import type { RangeConstraint, SymbolicExpression, SymInt } from "@millrace/formats/pt2";
import type { PteMethod, PteProgram, PteTensor, PteValue } from "@millrace/formats/pte";
import { fail } from "@millrace/ir";

/** How kernels of sizes are called in symbolic expressions. */
const functions: Readonly<Record<string, (a: SymbolicExpression, b: SymbolicExpression) => SymbolicExpression>> = {
  "executorch_prim::add.Scalar": (a, b) => call("Add", a, b),
  "executorch_prim::sub.Scalar": (a, b) => call("Add", a, call("Mul", -1, b)),
  "executorch_prim::mul.Scalar": (a, b) => call("Mul", a, b),
  "executorch_prim::floordiv.Scalar": (a, b) => call("FloorDiv", a, b),
  "executorch_prim::floordiv.int": (a, b) => call("FloorDiv", a, b),
  "executorch_prim::mod.Scalar": (a, b) => call("Mod", a, b),
  "executorch_prim::mod.int": (a, b) => call("Mod", a, b),
};

/** Numbers and symbols that a size may be computed from, so that its terms stay few. */
const mostOperands = 32;

const call = (name: string, ...operands: SymbolicExpression[]): SymbolicExpression => ({ function: name, operands });

const askingSize = "aten::sym_size.int";

/**
 * The open sizes of a method's inputs, and what the method computes from them (`executorch.open-size` where that is too much). A file
 * says of a tensor only that it may be smaller; methods such as `forward_input0_size0` tell which of its sizes are open and how they
 * are called. Without these, they are the ones that the method asks for, or else the first.
 */
export class OpenSizes {
  /** What each symbol may be. */
  readonly ranges = new Map<string, RangeConstraint>();
  /** Sizes that calls read, by the names that `nameOf` gives. */
  readonly values = new Map<string, SymInt>();
  readonly #method: PteMethod;
  readonly #known = new Map<number, SymbolicExpression>();
  readonly #inputs = new Map<number, readonly SymInt[]>();

  constructor({ methods }: Pick<PteProgram, "methods">, method: PteMethod) {
    this.#method = method;
    const told = new Map(methods.flatMap(({ name, values }) => (values.length === 1 ? [[name, values[0]]] : [])));
    const isTold = [...told.keys()].some((name) => name !== undefined && /^forward_input\d+_size\d+$/.test(name));
    const askedAxes = axesAskedBy(method);
    for (const [place, index] of method.inputs.entries()) {
      const tensor = method.values[index];
      if (tensor.kind !== "Tensor" || tensor.shapeDynamism === "STATIC") continue;
      const asked = askedAxes.get(index) ?? new Set([0]);
      const sizes = tensor.sizes.map((size, axis) => {
        const key = `forward_input${place}_size${axis}`;
        const isOpen = isTold ? told.has(key) : asked.has(axis);
        return isOpen ? this.#open(key, size, told) : size;
      });
      this.#inputs.set(index, sizes);
    }
  }

  /** Sizes of a tensor that the method takes or computes. */
  sizesOf(index: number, { sizes }: Pick<PteTensor, "sizes">): readonly SymInt[] {
    return this.#inputs.get(index) ?? sizes;
  }

  /** The name of the size that a value holds; undefined for what is none. */
  nameOf(index: number): string | undefined {
    const expression = this.#known.get(index);
    if (expression === undefined) return undefined;
    const name = `size_${index}`;
    this.values.set(name, { expression });
    return name;
  }

  /** Takes note of a call that computes a size; false for all other calls. */
  computes(kernel: string, args: readonly number[]): boolean {
    const [a, b, result] = args;
    const expression = kernel === askingSize ? this.#sizeOfInput(a, b) : this.#result(kernel, a, b);
    if (expression === undefined || result === undefined || this.#known.has(result)) return false;
    this.#known.set(result, expression);
    return true;
  }

  #open(key: string, largest: number, told: ReadonlyMap<string | undefined, PteValue>): SymInt {
    const [name, least, most] = [key, `${key}_min`, `${key}_max`].map((each) => told.get(each));
    const given = name?.kind === "String" ? (name.stringVal ?? "") : "";
    const symbol = /^[A-Za-z_]\w{0,99}$/.test(given) && !/^u\d+$/.test(given) ? given : key.replace("forward_", "");
    this.ranges.set(symbol, {
      minimum: least?.kind === "Int" ? Number(least.intVal) : 1,
      maximum: Math.min(largest, most?.kind === "Int" ? Number(most.intVal) : largest),
    });
    return { expression: { symbol } };
  }

  #sizeOfInput(tensor: number, axis: number): SymbolicExpression | undefined {
    const value = this.#method.values[axis];
    const size = value?.kind === "Int" ? this.#inputs.get(tensor)?.[Number(value.intVal)] : undefined;
    return typeof size === "object" ? size.expression : size;
  }

  #result(kernel: string, ...operands: readonly number[]): SymbolicExpression | undefined {
    const [a, b] = operands.map((index) => this.#operand(index));
    const make = Object.hasOwn(functions, kernel) ? functions[kernel] : undefined;
    if (a === undefined || b === undefined || make === undefined) return undefined;
    if (operandsOf(a) + operandsOf(b) <= mostOperands) return make(a, b);
    return fail("executorch.open-size", `a size is computed from over ${mostOperands} others`, {
      hint: "import the model that the program was made from",
    });
  }

  #operand(index: number): SymbolicExpression | undefined {
    const value = this.#method.values[index];
    return this.#known.get(index) ?? (value?.kind === "Int" ? value.intVal : undefined);
  }
}

/** Axes of tensors whose sizes a method reads, by the tensors' indices. */
function axesAskedBy({ chains, operators, values }: PteMethod): ReadonlyMap<number, ReadonlySet<number>> {
  const axes = new Map<number, Set<number>>();
  for (const instruction of chains.flatMap(({ instructions }) => instructions)) {
    if (instruction.kind !== "KernelCall") continue;
    const { name, overload } = operators[instruction.opIndex];
    const [tensor, place] = instruction.args;
    const axis = values[place];
    if (`${name}.${overload}` !== askingSize || axis?.kind !== "Int") continue;
    const known = axes.get(tensor);
    if (known) known.add(Number(axis.intVal));
    else axes.set(tensor, new Set([Number(axis.intVal)]));
  }
  return axes;
}

function operandsOf(expression: SymbolicExpression): number {
  if (typeof expression !== "object" || !("operands" in expression)) return 1;
  return expression.operands.map(operandsOf).reduce((sum, count) => sum + count, 0);
}
