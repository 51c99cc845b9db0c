import type { Value } from "@millrace/ir";
import { abs, add, cos, div, greater, maximum, minimum, mul, select, sign, sin, sqrt, sub } from "@millrace/ops";
import type { Importer } from "../source-node.ts";
import type { Formula } from "./formula.ts";
import { functionOf } from "./hyperbolic.ts";

const [quarter, half] = [Math.PI / 4, Math.PI / 2];

/** The arc of t up to tan(π / 8), as t and t³ times a polynomial of t². Source: Cephes, atanf. */
function smallArc(of: Formula, t: Value): Value {
  const square = of(mul, t, t);
  const inner = of(sub, of(mul, square, 8.05374449538e-2), 1.38776856032e-1);
  const outer = of(sub, of(mul, of(add, of(mul, inner, square), 1.99777106478e-1), square), 3.33329491539e-1);
  return of(add, of(mul, of(mul, outer, square), t), t);
}

/** Beyond 1 what the arc of 1 / |x| leaves of π / 2, and beyond tan(π / 8) π / 4 and the arc of the rest; with the sign of x. */
function arctangent(of: Formula, x: Value): Value {
  const size = of(abs, x);
  const ratio = of(div, of(minimum, size, 1), of(maximum, size, 1));
  const isWide = of(greater, ratio, Math.SQRT2 - 1);
  const rest = of(select, isWide, of(div, of(sub, ratio, 1), of(add, ratio, 1)), ratio);
  const arc = smallArc(of, rest);
  const whole = of(select, isWide, of(add, arc, quarter), arc);
  return of(mul, of(sign, x), of(select, of(greater, size, 1), of(sub, half, whole), whole));
}

/** The arc of x / √(1 - x²). */
function arcsine(of: Formula, x: Value): Value {
  return arctangent(of, of(div, x, of(sqrt, of(mul, of(sub, 1, x), of(add, 1, x)))));
}

/** Twice the arc of √((1 - x) / (1 + x)), which keeps its digits where the result is small. */
function arccosine(of: Formula, x: Value): Value {
  return of(mul, arctangent(of, of(sqrt, of(div, of(sub, 1, x), of(add, 1, x)))), 2);
}

/** The tangent, and arcs of what sines, cosines and tangents are. */
export const trigonometry: Readonly<Record<string, Importer>> = {
  Tan: functionOf((of, x) => of(div, of(sin, x), of(cos, x))),
  Atan: functionOf(arctangent),
  Asin: functionOf(arcsine),
  Acos: functionOf(arccosine),
};
