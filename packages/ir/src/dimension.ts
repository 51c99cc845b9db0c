/**
 * A dimension is a number or a symbolic size. A symbolic size is the canonical text of a polynomial with integer
 * coefficients over symbols and floored quotients, such as `N`, `2*N + 1` or `floor((N + 1)/2)`: equal sizes have equal text.
 */
export type Dimension = number | string;

/** Monomial text (factors sorted, joined by `*`; empty for the constant) to its coefficient. */
type Polynomial = ReadonlyMap<string, number>;

const symbolPattern = /^[A-Za-z_][A-Za-z0-9_.:]*$/;

/** A symbol for any name found in a model; characters a symbol can't hold become `_`. */
export function symbol(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9_.:]/g, "_");
  return symbolPattern.test(clean) ? clean : `_${clean}`;
}

/** The number, or undefined for a symbolic size. */
export function known(dimension: Dimension): number | undefined {
  return typeof dimension === "number" ? dimension : undefined;
}

export function addDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === "number" && typeof b === "number") return a + b;
  const sum = new Map(polynomial(a));
  for (const [monomial, coefficient] of polynomial(b)) accumulate(sum, monomial, coefficient);
  return canonical(sum);
}

export function subtractDimensions(a: Dimension, b: Dimension): Dimension {
  return addDimensions(a, multiplyDimensions(b, -1));
}

export function multiplyDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === "number" && typeof b === "number") return a * b;
  const product = new Map<string, number>();
  for (const [left, p] of polynomial(a)) {
    for (const [right, q] of polynomial(b)) accumulate(product, joinFactors(left, right), p * q);
  }
  return canonical(product);
}

/** floor(a / b). Exact symbolic quotients are simplified: (4*N) / 2 = 2*N and (6*N) / (2*N) = 3. */
export function divideDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === "number" && typeof b === "number") return Math.floor(a / b);
  if (a === b) return 1;
  const exact = exactQuotient(polynomial(a), polynomial(b));
  return exact ?? `floor(${wrap(a)}/${wrap(b)})`;
}

/** What sizes are computed in. `divide` rounds down. */
export interface SizeArithmetic<T> {
  number(value: number): T;
  symbol(name: string): T;
  add(a: T, b: T): T;
  multiply(a: T, b: T): T;
  divide(a: T, b: T): T;
}

/** Computes a dimension in any arithmetic: of numbers, of ranges, of steps of a program. */
export function evaluateDimension<T>(dimension: Dimension, arithmetic: SizeArithmetic<T>): T {
  const terms = [...polynomial(dimension)].map(([monomial, coefficient]) => {
    const factors = splitFactors(monomial).map((factor) => evaluateFactor(factor, arithmetic));
    if (coefficient !== 1 || factors.length === 0) factors.unshift(arithmetic.number(coefficient));
    return factors.reduce((product, factor) => arithmetic.multiply(product, factor));
  });
  return terms.length === 0 ? arithmetic.number(0) : terms.reduce((sum, term) => arithmetic.add(sum, term));
}

/** Replaces symbols by sizes; unbound symbols stay. */
export function bindDimension(dimension: Dimension, sizes: ReadonlyMap<string, number>): Dimension {
  if (typeof dimension === "number") return dimension;
  return evaluateDimension<Dimension>(dimension, {
    number: (value) => value,
    symbol: (name) => sizes.get(name) ?? name,
    add: addDimensions,
    multiply: multiplyDimensions,
    divide: divideDimensions,
  });
}

/** All symbols that occur in the dimension. */
export function symbolsOf(dimension: Dimension): readonly string[] {
  return typeof dimension === "number"
    ? []
    : (dimension.replaceAll("floor(", "(").match(/[A-Za-z_][A-Za-z0-9_.:]*/g) ?? []);
}

function evaluateFactor<T>(factor: string, arithmetic: SizeArithmetic<T>): T {
  if (!factor.startsWith("floor(")) return arithmetic.symbol(factor);
  const inner = factor.slice("floor(".length, -1);
  const slash = topLevel(inner, "/")[0];
  return arithmetic.divide(
    evaluateDimension(unwrap(inner.slice(0, slash)), arithmetic),
    evaluateDimension(unwrap(inner.slice(slash + 1)), arithmetic),
  );
}

function exactQuotient(a: Polynomial, b: Polynomial): Dimension | undefined {
  if (b.size !== 1) return undefined;
  const [[divisorMonomial, divisor]] = b;
  const divisorFactors = splitFactors(divisorMonomial);
  const quotient = new Map<string, number>();
  for (const [monomial, coefficient] of a) {
    const factors = splitFactors(monomial);
    for (const factor of divisorFactors) {
      const at = factors.indexOf(factor);
      if (at < 0) return undefined;
      factors.splice(at, 1);
    }
    if (coefficient % divisor !== 0) return undefined;
    accumulate(quotient, factors.join("*"), coefficient / divisor);
  }
  return canonical(quotient);
}

function polynomial(dimension: Dimension): Polynomial {
  if (typeof dimension === "number") return new Map(dimension === 0 ? [] : [["", dimension]]);
  const result = new Map<string, number>();
  const cuts = topLevel(dimension, " ").filter((at) => "+-".includes(dimension[at + 1]) && dimension[at + 2] === " ");
  let start = 0;
  let sign = 1;
  for (const cut of [...cuts, dimension.length]) {
    const factors = splitFactors(dimension.slice(start, cut));
    const leading = /^-?\d+$/.test(factors[0]) ? Number(factors.shift()) : 1;
    accumulate(result, factors.join("*"), sign * leading);
    sign = dimension[cut + 1] === "-" ? -1 : 1;
    start = cut + 3;
  }
  return result;
}

function canonical(terms: Polynomial): Dimension {
  if (terms.size === 0) return 0;
  if (terms.size === 1 && terms.has("")) return terms.get("")!;
  const ordered = [...terms].sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1));
  let text = "";
  for (const [monomial, coefficient] of ordered) {
    const size = text === "" ? coefficient : Math.abs(coefficient);
    if (text !== "") text += coefficient < 0 ? " - " : " + ";
    text += monomial === "" ? `${size}` : size === 1 ? monomial : `${size}*${monomial}`;
  }
  return text;
}

function accumulate(terms: Map<string, number>, monomial: string, coefficient: number): void {
  const sum = (terms.get(monomial) ?? 0) + coefficient;
  if (sum === 0) terms.delete(monomial);
  else terms.set(monomial, sum);
}

function joinFactors(a: string, b: string): string {
  return [...splitFactors(a), ...splitFactors(b)].sort().join("*");
}

function splitFactors(monomial: string): string[] {
  if (monomial === "") return [];
  const cuts = topLevel(monomial, "*");
  return [...cuts, monomial.length].map((cut, index) => monomial.slice(index === 0 ? 0 : cuts[index - 1] + 1, cut));
}

function topLevel(text: string, separator: string): number[] {
  const positions: number[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "(") depth++;
    else if (text[at] === ")") depth--;
    else if (depth === 0 && text[at] === separator) positions.push(at);
  }
  return positions;
}

function wrap(dimension: Dimension): string {
  const text = `${dimension}`;
  return text.includes(" ") || text.includes("*") ? `(${text})` : text;
}

function unwrap(text: string): Dimension {
  const inner = text.startsWith("(") ? text.slice(1, -1) : text;
  return /^-?\d+$/.test(inner) ? Number(inner) : inner;
}
