import type { OnnxDataType } from "@millrace/formats/onnx";
import type { Value } from "@millrace/ir";
import { abs, cast, greater, less, maximum, minimum, mul, notEqual, round, select, sub } from "@millrace/ops";
import { formatOf, type SmallFloat } from "../small-floats.ts";
import type { SourceNode } from "../source-node.ts";
import { formulaOf } from "./formula.ts";

/**
 * `x` rounded to what the source's type holds: the graph's own type for it is wider. Without `saturate` what is beyond the greatest
 * number becomes infinite or no number, as the type has it.
 */
export function roundedTo(node: SourceNode, x: Value, type: OnnxDataType, saturate = true): Value {
  if (type === "FLOAT16" || type === "BFLOAT16") {
    const narrow = node.compute(cast, [x], { to: type === "FLOAT16" ? "f16" : "bf16" });
    return node.compute(cast, [narrow], { to: "f32" });
  }
  const format = formatOf(type);
  return format ? roundedToFormat(node, x, format, saturate) : x;
}

/**
 * Numbers are cut by T. Veltkamp's splitting, c - (c - x) with c = (2ˢ + 1) · x, which keeps s bits fewer and rounds ties to even for as few
 * bits as these types have; those below the least exponent are multiples of one step.
 */
function roundedToFormat(node: SourceNode, x: Value, format: SmallFloat, saturate: boolean): Value {
  const of = formulaOf(node);
  const { fraction, leastExponent, greatest: most, overflow } = format;
  const inside = of(minimum, of(maximum, x, -2 * most), 2 * most);
  const product = of(mul, inside, 2 ** (23 - fraction) + 1);
  const normal = of(sub, product, of(sub, product, inside));
  const step = 2 ** (leastExponent - fraction);
  const subnormal = of(mul, of(round, of(mul, inside, 1 / step)), step);
  const nearest = of(select, of(less, of(abs, inside), 2 ** leastExponent), subnormal, normal);
  const bounded = of(minimum, of(maximum, nearest, -most), most);
  const beyond = overflow === "infinity" ? of(mul, nearest, Number.POSITIVE_INFINITY) : Number.NaN;
  const result = saturate ? bounded : of(select, of(greater, of(abs, nearest), most), beyond, bounded);
  return of(select, of(notEqual, x, x), format.nan === "none" ? 0 : Number.NaN, result);
}
