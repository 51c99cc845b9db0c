import { FormatError } from "../../error.ts";
import { type SymbolicToken, tokenize } from "./symbolic-tokens.ts";

/**
 * What a symbolic size is computed by: a number, a symbol, or a function of others, which sympy calls so: `Add Mul Pow Mod Max
 * Min`, `Rational`, torch's `FloorDiv CeilDiv CleanDiv PythonMod`, relations such as `Eq Ne Lt Le Gt Ge`, and whatever else a file
 * has.
 */
export type SymbolicExpression =
  | number
  | bigint
  | boolean
  | { readonly symbol: string }
  | { readonly function: string; readonly operands: readonly SymbolicExpression[] };

const maximumDepth = 100;
/** A sum of more terms would be nested too deeply for whoever walks it. */
const maximumTokens = 4000;
/** Functions whose operand is the value itself. */
const literals = new Set(["Integer", "Float"]);
const booleans: ReadonlyMap<string, boolean> = new Map([
  ["True", true],
  ["true", true],
  ["False", false],
  ["false", false],
]);

interface BinaryOperator {
  readonly precedence: number;
  readonly build: (left: SymbolicExpression, right: SymbolicExpression) => SymbolicExpression;
}

const call = (name: string, ...operands: SymbolicExpression[]): SymbolicExpression => ({ function: name, operands });
const negative = (value: SymbolicExpression): SymbolicExpression =>
  typeof value === "number" || typeof value === "bigint" ? -value : call("Mul", -1, value);
const binary = (precedence: number, name: string): BinaryOperator => ({
  precedence,
  build: (left, right) => call(name, left, right),
});

const operators: ReadonlyMap<string, BinaryOperator> = new Map([
  ["|", binary(1, "Or")],
  ["&", binary(2, "And")],
  ["==", binary(3, "Eq")],
  ["!=", binary(3, "Ne")],
  ["<", binary(3, "Lt")],
  ["<=", binary(3, "Le")],
  [">", binary(3, "Gt")],
  [">=", binary(3, "Ge")],
  ["+", binary(4, "Add")],
  ["-", { precedence: 4, build: (left, right) => call("Add", left, negative(right)) }],
  ["*", binary(5, "Mul")],
  ["/", { precedence: 5, build: (left, right) => call("Mul", left, call("Pow", right, -1)) }],
  ["//", binary(5, "FloorDiv")],
  ["%", binary(5, "Mod")],
]);
const unaryPrecedence = 6;

/**
 * Reads an expression as sympy's `srepr` writes it, `Mul(Integer(2), Symbol('s77', positive=True, integer=True))`, and as its `str` does in
 * files of torch 2.6 and older, `2*s0 + 1`. Throws FormatError `pt2.expression`.
 */
export function parseSymbolicExpression(text: string): SymbolicExpression {
  const tokens = tokenize(text) ?? fail(text);
  if (tokens.length > maximumTokens) fail(text);
  const parser = new Parser(text, tokens);
  const expression = parser.expression(0, 0);
  return parser.atEnd ? expression : fail(text);
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly SymbolicToken[];
  #next = 0;

  constructor(text: string, tokens: readonly SymbolicToken[]) {
    this.#text = text;
    this.#tokens = tokens;
  }

  get atEnd(): boolean {
    return this.#next === this.#tokens.length;
  }

  /** Operators that bind at least as strongly as `precedence`, from the left. */
  expression(precedence: number, depth: number): SymbolicExpression {
    if (depth > maximumDepth) fail(this.#text);
    let left = this.#unary(depth + 1);
    for (;;) {
      const operator = operators.get(this.#peek("punctuation") ?? "");
      if (operator === undefined || operator.precedence < precedence) return left;
      this.#next++;
      left = operator.build(left, this.expression(operator.precedence + 1, depth + 1));
    }
  }

  #unary(depth: number): SymbolicExpression {
    if (this.#accept("-")) return negative(this.expression(unaryPrecedence, depth));
    if (this.#accept("~")) return call("Not", this.expression(unaryPrecedence, depth));
    const base = this.#primary(depth);
    return this.#accept("**") ? call("Pow", base, this.expression(unaryPrecedence, depth)) : base;
  }

  #primary(depth: number): SymbolicExpression {
    if (this.#accept("(")) {
      const inner = this.expression(0, depth);
      return this.#accept(")") ? inner : fail(this.#text);
    }
    const token = this.#tokens[this.#next++];
    if (token?.kind === "number") return token.value;
    if (token?.kind !== "name") return fail(this.#text);
    if (this.#accept("(")) return this.#call(token.text, depth);
    return booleans.get(token.text) ?? { symbol: token.text };
  }

  /** Options such as `positive=True` say what is assumed of a symbol and are left out. */
  #call(name: string, depth: number): SymbolicExpression {
    const operands: SymbolicExpression[] = [];
    let symbol: string | undefined;
    while (!this.#accept(")")) {
      const text = this.#peek("text");
      if (text !== undefined) {
        symbol = text;
        this.#next++;
      } else if (this.#tokens[this.#next + 1]?.text === "=") {
        this.#next += 2;
        this.expression(0, depth);
      } else operands.push(this.expression(0, depth));
      if (!this.#accept(",") && this.#peek("punctuation") !== ")") fail(this.#text);
    }
    if (name === "Symbol" || name === "Dummy") return symbol === undefined ? fail(this.#text) : { symbol };
    if (literals.has(name)) return operands[0] ?? Number(symbol);
    return call(name, ...operands);
  }

  #peek(kind: SymbolicToken["kind"]): string | undefined {
    const token = this.#tokens[this.#next];
    return token?.kind === kind ? token.text : undefined;
  }

  #accept(punctuation: string): boolean {
    if (this.#peek("punctuation") !== punctuation) return false;
    this.#next++;
    return true;
  }
}

function fail(text: string): never {
  const shown = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
  throw new FormatError("pt2.expression", `The symbolic size ${shown} can't be read.`, {
    hint: "Export the model again with a newer torch, or with a fixed size.",
    where: text.slice(0, 200),
  });
}
