import { type DType, integerRange, isFloat, type Value } from "@millrace/ir";
import { abs, equal, floorMod, less, logicalAnd, mul, notEqual, select, sign, sub } from "@millrace/ops";
import type { Importer, SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";

/** The remainder with the divisor's sign or, if fmod says so, with the dividend's. */
function modulo(node: SourceNode): Value {
  const of = formulaOf(node);
  const [a, b] = [node.input(0), node.input(1)];
  const { dtype } = a.type;
  const keepsSign = node.attributes.flag("fmod", false) && !dtype.startsWith("u");
  if (!keepsSign) return of(floorMod, a, b);
  if (isFloat(dtype)) return of(mul, of(sign, a), of(floorMod, of(abs, a), of(abs, b)));
  const remainder = of(floorMod, a, b);
  const isTurned = of(logicalAnd, of(notEqual, remainder, 0), of(notEqual, of(less, a, 0), of(less, b, 0)));
  return of(select, isTurned, of(sub, remainder, b), remainder);
}

/** All bits turned: what is left to the number whose bits are all set. */
export function complementOf(node: SourceNode, x: Value): Value {
  return formulaOf(node)(sub, allBits(x.type.dtype), x);
}

function allBits(dtype: DType): number {
  return dtype.startsWith("u") ? integerRange(dtype)[1] : -1;
}

/** Whether an element is infinite, with a sign that is asked for. */
function isInfinite(node: SourceNode): Value {
  const of = formulaOf(node);
  const x = node.input(0);
  const [positive, negative] = ["detect_positive", "detect_negative"].map((name) => node.attributes.flag(name, true));
  const infinity = Number.POSITIVE_INFINITY;
  if (positive && negative) return of(equal, of(abs, x), infinity);
  if (positive || negative) return of(equal, x, positive ? infinity : -infinity);
  return of(less, x, -infinity);
}

/** Only what is not a number differs from itself. */
function isNotNumber(node: SourceNode): Value {
  const x = node.input(0);
  return formulaOf(node)(notEqual, x, x);
}

/** Remainders, and the numbers that are none. */
export const integers: Readonly<Record<string, Importer>> = {
  Mod: modulo,
  IsInf: isInfinite,
  IsNaN: isNotNumber,
};
