import type { Integer, SymbolicExpression, SymInt } from "@millrace/formats/pt2";
import {
  addDimensions,
  type Dimension,
  divideDimensions,
  fail,
  multiplyDimensions,
  subtractDimensions,
  symbol,
} from "@millrace/ir";

type Fold = (operands: readonly Dimension[]) => Dimension | undefined;

/** Functions of sizes that a graph can hold; of the others only the results on known numbers. */
const functions: Readonly<Record<string, Fold>> = {
  Add: (operands) => operands.reduce(addDimensions),
  Mul: (operands) => operands.reduce(multiplyDimensions),
  Pow: ([base, power]) => {
    if (typeof power !== "number" || !Number.isInteger(power) || power < 1 || power > 8) return undefined;
    return new Array<Dimension>(power).fill(base).reduce(multiplyDimensions);
  },
  FloorDiv: ([a, b]) => quotient(a, b),
  CleanDiv: ([a, b]) => quotient(a, b),
  CeilDiv: ([a, b]) => quotient(addDimensions(a, subtractDimensions(b, 1)), b),
  Mod: ([a, b]) => remainder(a, b),
  PythonMod: ([a, b]) => remainder(a, b),
  Max: (operands) => (operands.every(isNumber) ? Math.max(...operands) : undefined),
  Min: (operands) => (operands.every(isNumber) ? Math.min(...operands) : undefined),
};

function isNumber(size: Dimension): size is number {
  return typeof size === "number";
}

function quotient(a: Dimension, b: Dimension): Dimension | undefined {
  return b === 0 ? undefined : divideDimensions(a, b);
}

function remainder(a: Dimension, b: Dimension): Dimension | undefined {
  const whole = quotient(a, b);
  return whole === undefined ? undefined : subtractDimensions(a, multiplyDimensions(whole, b));
}

/** What the program's symbols stand for: sizes given by the user, sizes of the graph, or, by default, themselves. */
export class Symbols {
  readonly #known = new Map<string, Dimension>();

  bind(name: string, size: Dimension): void {
    this.#known.set(name, size);
  }

  /** The size as the graph has it. Throws `torch.data-dependent-size` for one that only the data of a run tells. */
  sizeOf(size: SymInt): Dimension {
    return typeof size === "object" ? this.#evaluate(size.expression) : exact(size);
  }

  /** Binds a symbol that stands for a size of a result and is not known yet: one that only data decides. */
  learn(size: SymInt, found: Dimension): void {
    if (typeof size !== "object" || typeof size.expression !== "object" || !("symbol" in size.expression)) return;
    const { symbol: name } = size.expression;
    if (isDecidedByData(name) && !this.#known.has(name)) this.#known.set(name, found);
  }

  #evaluate(expression: SymbolicExpression): Dimension {
    if (typeof expression === "boolean") return Number(expression);
    if (typeof expression !== "object") return exact(expression);
    if ("symbol" in expression) return this.#read(expression.symbol);
    const operands = expression.operands.map((operand) => this.#evaluate(operand));
    const fold = Object.hasOwn(functions, expression.function) ? functions[expression.function] : undefined;
    return fold?.(operands) ?? openSize(`${expression.function}(${operands.join(", ")})`);
  }

  #read(name: string): Dimension {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (!isDecidedByData(name)) return symbol(name);
    return fail("torch.data-dependent-size", `it needs the size ${name}, which only the data of a run tells`, {
      hint: "Export the model so that its shapes follow from the shapes of its inputs.",
    });
  }
}

/** The exporter calls symbols for numbers read from tensors u0, u1, …, and those for sizes of inputs s0, s1, …. */
function isDecidedByData(name: string): boolean {
  return /^u\d+$/.test(name);
}

function exact(value: Integer): number {
  return Number(value);
}

function openSize(size: string): never {
  return fail("torch.open-size", `it needs the size ${size}, which a graph can't hold`, {
    hint: "Give the sizes of the model's inputs, as in --shape x=1,3,224,224.",
  });
}
