import type { Value } from "@millrace/ir";
import { abs, add, div, equal, exp, greater, log, mul, select, sign, sqrt, sub, tanh } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { type Formula, formulaOf } from "./formula.ts";

/** From here on x² + 1 is x² in float32, and 2x is what its root adds to x. */
const large = 2 ** 13;

/** An importer of a function of one real number, given as a formula. */
export function functionOf(write: (of: Formula, x: Value) => Value): Importer {
  return (node: SourceNode) => write(formulaOf(node), node.input(0));
}

/**
 * log(1 + u) for u ≥ 0, right to the last digits for small u too: the sum w = 1 + u is rounded, and u / (w - 1) makes up for it
 * (W. Kahan's form, as in D. Goldberg, What every computer scientist should know about floating-point arithmetic, theorem 4).
 */
function logOfOnePlus(of: Formula, u: Value): Value {
  const sum = of(add, u, 1);
  const isLost = of(equal, sum, 1);
  const rest = of(select, isLost, 1, of(sub, sum, 1));
  const quotient = of(select, of(greater, u, large), 1, of(div, u, rest));
  return of(select, isLost, u, of(mul, of(log, sum), quotient));
}

/** (eˣ + e⁻ˣ) / 2, with the half inside, so that it is finite wherever the result is. */
function cosh(of: Formula, x: Value): Value {
  return of(add, of(exp, of(sub, x, Math.LN2)), of(exp, of(sub, -Math.LN2, x)));
}

/** log(a + √(a² + 1)) of the size a of x; a² over 1 + √(a² + 1) is what the root is above 1. */
function asinh(of: Formula, x: Value): Value {
  const size = of(abs, x);
  const square = of(mul, size, size);
  const small = logOfOnePlus(of, of(add, size, of(div, square, of(add, of(sqrt, of(add, square, 1)), 1))));
  const wide = of(add, of(log, size), Math.LN2);
  return of(mul, of(sign, x), of(select, of(greater, size, large), wide, small));
}

/** log(x + √(x² - 1)) from what x is above 1. */
function acosh(of: Formula, x: Value): Value {
  const above = of(sub, x, 1);
  const root = of(mul, of(sqrt, above), of(sqrt, of(add, x, 1)));
  return logOfOnePlus(of, of(add, above, root));
}

/** ½ log((1 + a) / (1 - a)) of the size a of x. */
function atanh(of: Formula, x: Value): Value {
  const size = of(abs, x);
  const ratio = of(div, of(mul, size, 2), of(sub, 1, size));
  return of(mul, of(mul, of(sign, x), 0.5), logOfOnePlus(of, ratio));
}

/** Hyperbolic functions and their inverses, by exponentials and logarithms, without loss of digits near zero. */
export const hyperbolics: Readonly<Record<string, Importer>> = {
  Cosh: functionOf(cosh),
  Sinh: functionOf((of, x) => of(mul, of(tanh, x), cosh(of, x))),
  Asinh: functionOf(asinh),
  Acosh: functionOf(acosh),
  Atanh: functionOf(atanh),
};
